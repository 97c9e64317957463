import type { FieldError, Problem } from "./generated/schema.js";

/** What a problem is when its document does not say (RFC 9457, 4.2.1): answers of the gateway and of proxies. */
const NO_TYPE = "about:blank";

/**
 * A refusal or an error that the API answered, with the members of its problem document (RFC 9457).
 *
 * `type` is one of the `urn:makegood:problem:…` of the API's document, or `about:blank` where the gateway or a proxy
 * answered.
 */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly type: Problem["type"] | typeof NO_TYPE;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  /** The fields that are wrong: `pointer` (`#/credits`) and `detail`, what is expected. */
  readonly errors: readonly FieldError[];
  /** All members, as they came. */
  readonly problem: Partial<Problem>;
  /** The answer's `Retry-After`. */
  readonly retryAfterS: number | undefined;

  /** `body` is what the answer carried, parsed if it was JSON. */
  constructor(response: Response, body: unknown) {
    const problem: Partial<Problem> & { message?: unknown } = typeof body === "object" && body !== null ? body : {};
    const title = problem.title ?? (response.statusText || "Unknown");
    const detail = problem.detail ?? (typeof problem.message === "string" ? problem.message : undefined);
    const errors = problem.errors ?? [];
    const type = problem.type ?? NO_TYPE;
    const fields = errors.map((error) => `${error.pointer}: ${error.detail}`);
    super([`${response.status} ${type}: ${detail ?? title}`, ...fields].join("; "));
    this.type = type;
    this.status = response.status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.problem = problem;
    this.retryAfterS = retryAfterS(response);
  }
}

/** The API says seconds; a date, which a proxy may send, is not read. */
function retryAfterS(response: Response): number | undefined {
  const value = response.headers.get("retry-after") ?? "";
  return /^\d+$/.test(value) ? Number(value) : undefined;
}
