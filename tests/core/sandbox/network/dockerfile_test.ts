/** What a build makes the Engine fetch: told, or refused; and the context in which it is found. */
import assert from "node:assert/strict";
import { readTar } from "../../../../core/archive/tar.ts";
import { tarBytes, type TarFile } from "../../../../core/archive/tar_writer.ts";
import { checkedContext } from "../../../../core/sandbox/network/docker_filter/build_context.ts";
import { checkDockerfile } from "../../../../core/sandbox/network/docker_filter/dockerfile_check.ts";

Deno.test("a Dockerfile is read as the classic builder reads it, and given back a line an instruction", () => {
  const { text, images } = checkDockerfile(
    "# syntax=evil/image\n# comment\nARG V=12\nARG R='debian'\nfrom $R:${V} as Base\nRUN a \\\n  # inside\n\n  && b\r\nCOPY --chown=1:1 --from=base /x /x\nCOPY --from=0 /y /y\nCOPY --from=ghcr.io/a/b:1 /z /z\nFROM base\nADD --chown=a:b local.tar /\nENV URL=http://x\n",
    { V: "13" },
  );
  assert.equal(
    text,
    "ARG V=12\nARG R='debian'\nFROM debian:13 AS Base\nRUN a   && b\nCOPY --chown=1:1 --from=base /x /x\nCOPY --from=0 /y /y\nCOPY --from=ghcr.io/a/b:1 /z /z\nFROM base\nADD --chown=a:b local.tar /\nENV URL=http://x\n",
  );
  assert.deepEqual(images, ["debian:13", "ghcr.io/a/b:1"]);
  assert.equal(checkDockerfile("# escape=`\nFROM x\nRUN a `\n b\n").text, "# escape=`\nFROM x\nRUN a  b\n");
});

Deno.test("whatever could make the Engine fetch from where only the host gets is refused", () => {
  const wrong = [
    "FROM x\nADD http://127.0.0.1/ /x",
    "FROM x\nadd https://example.com/ /x",
    'FROM x\nADD ["http://127.0.0.1/", "/x"]',
    'FROM x\nADD ["http:\\u002f\\u002f127.0.0.1/", "/x"]',
    'FROM x\nADD ["\\u0068ttp\\u003a//127.0.0.1/", "/x"]',
    "FROM x\nARG U=http://127.0.0.1/\nADD $U /x",
    "FROM x\nADD ${U} /x",
    "FROM x\nAD\\\nD http://127.0.0.1/ /x",
    "FROM x\nADD \\\n  http\\\n://127.0.0.1/ /x",
    "# escape=`\nFROM x\nA`\nDD http://127.0.0.1/ /x",
    "FROM x\nADD --chown=a:b http://127.0.0.1/ /x",
    "FROM x\nADD git@example.com:a/b /x",
    "FROM x\nONBUILD ADD http://127.0.0.1/ /x",
    "FROM x\nonbuild add $U /x",
    "FROM x\nONBUILD COPY --from=10.0.0.1:5000/x /a /a",
    "FROM $UNKNOWN",
    "FROM ${V:-x}",
    "FROM x y z",
    "FROM x\nCOPY --from=$X /a /a",
    "FROM x\nRUN a \\",
    "FROM x\nRUN a \\\\\n\n",
    "# escape=x\nFROM x",
    "FROM x\nRUN a\rADD http://127.0.0.1/ /x",
  ];
  for (const text of wrong) {
    const found = (() => {
      try {
        return checkDockerfile(text).text;
      } catch {
        return undefined;
      }
    })();
    // A last line that only ends in a continuation says nothing more, and is given back without it.
    if (text === "FROM x\nRUN a \\") assert.equal(found, "FROM x\nRUN a\n");
    else assert.equal(found, undefined, text);
  }
  for (
    const [text, image] of [["FROM 10.0.0.1:5000/x", "10.0.0.1:5000/x"], [
      "ARG A=evil.com/x\nFROM $A",
      "evil.com/x",
    ]]
  ) {
    assert.deepEqual(checkDockerfile(text).images, [image]);
  }
});

/** In two pieces, cut where no header ends. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, 700);
  yield bytes.subarray(700);
}

async function context(files: TarFile[], dockerfile: string | null = null) {
  const folder = await Deno.makeTempDir();
  try {
    using checked = await checkedContext(pieces(await tarBytes(files)), folder, dockerfile, (text) => {
      return Promise.resolve(`checked ${text}`);
    });
    const written: Record<string, string> = {};
    for await (const entry of readTar(checked.pieces)) {
      const text = await new Response(ReadableStream.from(entry.content())).text();
      written[entry.name] = `${entry.type} ${entry.mode.toString(8)} ${text || entry.linkName}`;
    }
    return { dockerfile: checked.dockerfile, written };
  } finally {
    assert.deepEqual([...Deno.readDirSync(folder)], []); // nothing stays
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the context goes on as it was, but with the checked Dockerfile", async () => {
  const found = await context([
    { name: "./src/", type: "directory" },
    { name: "./src/run", mode: 0o755, content: "program" },
    { name: "./link", type: "symlink", linkName: "src/run" },
    { name: "./Dockerfile", content: "FROM x" },
    { name: `./${"long/".repeat(40)}name`, content: "deep" },
  ]);
  assert.equal(found.dockerfile, "Dockerfile");
  assert.deepEqual(found.written, {
    "src/": "directory 755 ",
    "src/run": "file 755 program",
    "link": "symlink 777 src/run".replace("777", found.written.link.split(" ")[1]),
    "Dockerfile": "file 644 checked FROM x",
    [`${"long/".repeat(40)}name`]: "file 644 deep",
  });
  assert.equal((await context([{ name: "dockerfile", content: "" }])).dockerfile, "dockerfile");
  assert.equal(
    (await context([{ name: "a/b.Dockerfile", content: "" }], "a/b.Dockerfile")).dockerfile,
    "a/b.Dockerfile",
  );
});

Deno.test("a Dockerfile that two readers could find in two places is refused", async () => {
  const wrong: [TarFile[], string | null][] = [
    [[{ name: "other", content: "" }], null],
    [[{ name: "Dockerfile", content: "1" }, { name: "./Dockerfile", content: "2" }], null],
    [[{ name: "Dockerfile", type: "symlink", linkName: "other" }, { name: "other", content: "" }], null],
    [[{ name: "Dockerfile", content: "1" }, { name: "Dockerfile", type: "link", linkName: "x" }], null],
    [[{ name: "a", type: "symlink", linkName: "b" }, { name: "a/Dockerfile", content: "" }], "a/Dockerfile"],
    [[{ name: "a/../Dockerfile", content: "" }], null],
    [[{ name: "Dockerfile", content: "x".repeat(1024 * 1024 + 1) }], null],
  ];
  for (const [files, name] of wrong) {
    await assert.rejects(() => context(files, name), JSON.stringify(files).slice(0, 100));
  }
});
