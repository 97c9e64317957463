import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./generated/schema.js";
import { generate, type Generation, type GenerationOptions, type OnReleaseError } from "./generation.js";
import { NoAnswerError, RETRIES, type Retries } from "./retries.js";

/** The gateway answers within 30 seconds (API Gateway's limit for HTTP APIs). */
const TIMEOUT_S = 32;

export interface MakegoodOptions {
  /** The stack's output `ApiUrl`. */
  readonly baseUrl: string;
  /** An access token, or a function that gives one that is valid for a while: it is called for each call. */
  readonly token: string | (() => string | Promise<string>);
  readonly retries?: Partial<Retries>;
  readonly timeoutS?: number;
  /** By default a warning on the console. */
  readonly onReleaseError?: OnReleaseError;
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** The API: `api` has a typed call for each operation, and `generation` is three of them. */
export class Makegood {
  /** Calls by method and path; what is refused is the `error` of their answer. */
  readonly api: Client<paths>;
  readonly #retries: Retries;
  readonly #onReleaseError: OnReleaseError;

  constructor(options: MakegoodOptions) {
    const { token, timeoutS = TIMEOUT_S } = options;
    const send = options.fetch ?? ((request: Request) => fetch(request));
    this.#retries = { ...RETRIES, ...options.retries };
    this.#onReleaseError = options.onReleaseError ?? warn;
    this.api = createClient<paths>({
      baseUrl: options.baseUrl,
      fetch: (request) => whole(send, request, timeoutS),
    });
    this.api.use({
      async onRequest({ request }) {
        request.headers.set("authorization", `Bearer ${typeof token === "string" ? token : await token()}`);
        return request;
      },
    });
  }

  /**
   * Holds credits, works, and captures them; where `work` rejects or the signal is aborted, it releases them.
   *
   * Rejects with a `ProblemError` where the API refuses, and with a `NoAnswerError` where it does not answer. What
   * `work` rejects with comes through as it is.
   */
  generation<T>(options: GenerationOptions, work: (generation: Generation) => Promise<T>): Promise<T> {
    return generate(this.api, options, work, this.#retries, this.#onReleaseError);
  }
}

/** An answer that has come to its end; one that has not is a `NoAnswerError`, unless the caller aborted the call. */
async function whole(
  send: (request: Request) => Promise<Response>,
  request: Request,
  timeoutS: number,
): Promise<Response> {
  try {
    const timed = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutS * 1000)]);
    const response = await send(new Request(request, { signal: timed }));
    const body = await response.arrayBuffer();
    const { status, statusText, headers } = response;
    return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
  } catch (error) {
    request.signal.throwIfAborted();
    throw new NoAnswerError(error);
  }
}

function warn(error: unknown, generationId: string): void {
  console.warn(`a hold of ${generationId} may be open until its deadline:`, error);
}
