import os

from makegood import Makegood, ProblemError

client = Makegood(os.environ["MAKEGOOD_API"], os.environ["MAKEGOOD_TOKEN"])
try:
    with client.generation(os.environ["MAKEGOOD_ACCOUNT"], "song-1", "music_simple", credits=5) as song:
        print(f"{song.hold['credits']} credits are held until {song.hold['deadline']}: make the song here")
        song.use(3)
    print(song.settlement)
except ProblemError as refused:
    print(refused.type, refused.detail)
