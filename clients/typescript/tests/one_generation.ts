// Makes one generation as its JSON argument says, and prints what happened, one JSON object a line.
// The argument and the output are those of clients/python/tests/one_generation.py.

import { type Generation, Makegood, type models, ProblemError } from "makegood";

interface Asked {
  readonly base_url: string;
  readonly token: string;
  readonly account: string;
  readonly generation: string;
  readonly credits: number;
  readonly work: "succeed" | "fail" | "wait" | number;
  readonly pause_s_max: number;
  readonly chance: number;
}

class WorkFailed extends Error {
  override readonly name = "WorkFailed";
}

const asked = JSON.parse(process.argv[2] ?? "") as Asked;
const say = (members: object): void => console.log(JSON.stringify(members));
const notes: string[] = [];
const interrupted = new AbortController();
process.on("SIGINT", () => interrupted.abort(new WorkFailed("interrupted")));

async function work(generation: Generation): Promise<Generation> {
  say({ held: generation.hold.credits });
  if (asked.work === "fail") throw new WorkFailed("the model is on fire");
  if (typeof asked.work === "number") generation.use(asked.work);
  // It does not look at the signal: the generation ends without it. The timer keeps the process.
  if (asked.work === "wait") await new Promise((resolve) => setTimeout(resolve, 600_000));
  return generation;
}

const client = new Makegood({
  baseUrl: asked.base_url,
  token: async () => asked.token,
  retries: { pauseSMax: asked.pause_s_max, chance: () => asked.chance },
  onReleaseError: (error, generation) => notes.push(`${generation}: ${String(error)}`),
});
const { account, generation: generationId, credits } = asked;
const options = { account, generationId, operation: "music_simple", credits, signal: interrupted.signal };
try {
  const { settlement }: { settlement: models.Settlement | undefined } = await client.generation(options, work);
  say({ settlement });
} catch (error) {
  const is = error instanceof Error ? error.name : typeof error;
  const refused: Partial<ProblemError> = error instanceof ProblemError ? error : {};
  const { type, status, detail, errors, problem } = refused;
  say({ error: { is, notes, type, status, detail, errors, problem: problem ?? null } });
}
process.exit();
