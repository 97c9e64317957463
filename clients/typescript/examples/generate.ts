import { Makegood } from "makegood";

const { MAKEGOOD_API: baseUrl = "", MAKEGOOD_TOKEN: token = "", MAKEGOOD_ACCOUNT: account = "" } = process.env;
const client = new Makegood({ baseUrl, token });
const options = { account, generationId: "song-1", operation: "music_simple", credits: 5 };
const title = await client.generation(options, async (song) => {
  console.log(`${song.hold.credits} credits are held until ${song.hold.deadline}: make the song here`);
  song.use(3);
  return "a shorter song";
});
console.log(title);
