export { Makegood, type MakegoodOptions } from "./client.js";
export type { Generation, GenerationOptions, OnReleaseError } from "./generation.js";
export type * as models from "./generated/schema.js";
export type { paths } from "./generated/schema.js";
export { ProblemError } from "./problems.js";
export { NoAnswerError, type Retries } from "./retries.js";
