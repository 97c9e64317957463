import { ProblemError } from "./problems.js";

/** Too many calls, and something behind the API that does not answer. */
const PASSING = [429, 503];

/**
 * How often a call is sent, and how long each pause may be.
 *
 * An answer of 429 or 503 is repeated after its `Retry-After` and a random part more, and without one after a second,
 * then twice as long each time, each time a random part less. A call without an answer is repeated alike. Where
 * `Retry-After` asks for more than `pauseSMax`, the answer is final.
 */
export interface Retries {
  readonly callsMax: number;
  readonly pauseSMax: number;
  /** From 0 to 1: how much of the random part of a pause is taken. */
  readonly chance: () => number;
}

export const RETRIES: Retries = { callsMax: 5, pauseSMax: 30, chance: Math.random };
export const ONCE: Retries = { ...RETRIES, callsMax: 1 };

/** A call that the API did not answer, or whose answer broke off; `cause` is why. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";

  constructor(cause: unknown) {
    super("the API did not answer", { cause });
  }
}

/** Seconds until the next call, after `calls` of which the last one failed; `undefined`: it is final. */
export function pauseS(retries: Retries, calls: number, error: unknown): number | undefined {
  if (calls >= retries.callsMax || !mayPass(error)) return undefined;
  const asked = error instanceof ProblemError ? error.retryAfterS : undefined;
  if (asked === undefined) return Math.min(2 ** (calls - 1), retries.pauseSMax) * (1 - retries.chance() / 2);
  return asked > retries.pauseSMax ? undefined : asked + retries.chance() * Math.max(asked / 4, 0.1);
}

/** Whether the same call may succeed later, because of when it came and not of what it asks for. */
function mayPass(error: unknown): boolean {
  return error instanceof ProblemError ? PASSING.includes(error.status) : error instanceof NoAnswerError;
}

/** Whether the API may have done what a failed call asked for. */
export function mayHaveHappened(error: unknown): boolean {
  return error instanceof ProblemError ? error.status >= 500 : error instanceof NoAnswerError;
}

/** Calls until the answer is final. An aborted `signal` ends a pause with its reason. */
export async function repeated<T>(retries: Retries, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let calls = 1; ; calls += 1) {
    try {
      return await call();
    } catch (error) {
      const pause = pauseS(retries, calls, error);
      if (pause === undefined) throw error;
      await slept(pause, signal);
    }
  }
}

async function slept(seconds: number, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  try {
    await unlessAborted(over, signal);
  } finally {
    clearTimeout(timer);
  }
}

/** What `promise` gives, or the signal's reason as soon as it is aborted. */
export async function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  let stop: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
