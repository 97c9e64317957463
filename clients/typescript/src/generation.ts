import type { Client } from "openapi-fetch";
import type { CaptureRequest, Hold, HoldRequest, paths, Settlement } from "./generated/schema.js";
import { ProblemError } from "./problems.js";
import { mayHaveHappened, ONCE, repeated, type Retries, unlessAborted } from "./retries.js";

/** What is generated, for whom, and what it costs at most. */
export interface GenerationOptions {
  readonly account: string;
  /** Of this one generation: the same id again is the same hold. */
  readonly generationId: string;
  /** As the policy names it. */
  readonly operation: string;
  readonly credits: number;
  readonly product?: string;
  /** Ends the generation: its credits are released, and the signal's reason is what it rejects with. */
  readonly signal?: AbortSignal;
}

/** A release that failed after the work did; the hold may be open until its deadline. */
export type OnReleaseError = (error: unknown, generationId: string) => void;

/** A generation while its credits are held. */
export class Generation {
  /** After its `deadline` the credits go back, even if the work goes on. */
  readonly hold: Hold;
  /** That of the options: work that can stop early takes it along. */
  readonly signal: AbortSignal | undefined;
  /** How the hold ended, once it has. */
  settlement: Settlement | undefined;
  #used: number | undefined;

  constructor(hold: Hold, signal: AbortSignal | undefined) {
    this.hold = hold;
    this.signal = signal;
  }

  /** Captures fewer credits than are held, at least 1; the rest goes back. */
  use(credits: number): void {
    if (!Number.isInteger(credits) || credits < 1 || credits > this.hold.credits) {
      throw new RangeError(`expected 1 to ${this.hold.credits} credits, got ${credits}`);
    }
    this.#used = credits;
  }

  /** The body of the capture. */
  captured(): CaptureRequest {
    return this.#used === undefined ? {} : { credits: this.#used };
  }
}

/** Holds, works, and captures or releases. What `work` rejects with comes through as it is. */
export async function generate<T>(
  api: Client<paths>,
  options: GenerationOptions,
  work: (generation: Generation) => Promise<T>,
  retries: Retries,
  onReleaseError: OnReleaseError,
): Promise<T> {
  const { account, generationId, operation, credits, product, signal } = options;
  const path = { account, generation: generationId };
  signal?.throwIfAborted();
  const request: HoldRequest = { generation_id: generationId, operation, credits, ...(product && { product }) };

  const release = async (failed: Retries): Promise<Settlement | undefined> => {
    try {
      const body = { reason: "failed" } as const;
      return await repeated(failed, () =>
        answered(api.POST("/v1/accounts/{account}/holds/{generation}/release", { params: { path }, body })),
      );
    } catch (error) {
      const isNone = error instanceof ProblemError && error.status === 404;
      try {
        if (!isNone) onReleaseError(error, generationId);
      } catch {
        // It would hide the error that the generation ends with.
      }
      return undefined;
    }
  };

  const held = await repeated(
    retries,
    () =>
      answered(
        api.POST("/v1/accounts/{account}/holds", {
          params: { path: { account } },
          body: request,
          signal: signal ?? null,
        }),
      ),
    signal,
  ).catch(async (error: unknown) => {
    if (mayHaveHappened(error) || (signal?.aborted && error === signal.reason)) await release(ONCE);
    throw error;
  });
  const generation = new Generation(held, signal);

  let result: T;
  try {
    result = await unlessAborted(Promise.resolve(generation).then(work), signal);
  } catch (error) {
    generation.settlement = await release(retries);
    throw error;
  }
  generation.settlement = await repeated(retries, () =>
    answered(
      api.POST("/v1/accounts/{account}/holds/{generation}/capture", {
        params: { path },
        body: generation.captured(),
      }),
    ),
  );
  return result;
}

/** The body of a call that succeeded; anything else is a `ProblemError`. */
async function answered<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (data === undefined) throw new ProblemError(response, error);
  return data;
}
