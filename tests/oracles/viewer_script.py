"""The live viewer's script as src/report/viewer holds it: NiiVue's bundle without what a page of maps has no use for, gzipped.

    python tests/oracles/viewer_script.py niivue.umd.js src/report/viewer/niivue.umd.js.gz

The first is dist/niivue.umd.js of the npm package @niivue/niivue 0.69.0. Of its long base64 texts the three WebAssembly codecs of zarr and the picture that
shines on meshes become a picture of one pixel: nothing reads them until a zarr file or a mesh is opened, which no page does. No other byte is changed. The
bytes that come out depend on those that go in and on zlib's version alone.
"""

import base64
import gzip
import re
import sys

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
BEGINS = {b"\0asm": "a codec", b"\xff\xd8\xff": "the picture on meshes"}


def main(source, target):
    text = open(source, encoding="utf8").read()
    found = []

    def shorter(match):
        first = base64.b64decode(match.group(0)[:8])
        known = [name for begin, name in BEGINS.items() if first.startswith(begin)]
        found.extend(known)
        # The bundle says itself that the second is a JPEG; browsers look at the bytes.
        return PIXEL if known else match.group(0)

    text = re.sub(r"[A-Za-z0-9+/]{2000,}={0,2}", shorter, text)
    if sorted(found) != ["a codec"] * 3 + ["the picture on meshes"]:
        sys.exit(f"{source} holds {found}: it is not NiiVue 0.69.0, whose three codecs and one picture go")
    packed = gzip.compress(text.encode("utf8"), 9, mtime=0)
    open(target, "wb").write(packed)
    print(f"{len(text)} characters, {len(packed)} bytes packed")


if __name__ == "__main__":
    main(*sys.argv[1:])
