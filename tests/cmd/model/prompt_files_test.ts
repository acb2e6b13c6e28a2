import { deepStrictEqual, rejects } from "node:assert";
import { includeFiles } from "../../../cmd/model/prompt_files.ts";

Deno.test("includeFiles() appends texts, puts images first and leaves other words alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a b.txt`, "alpha");
    await Deno.writeFile(`${folder}/p.PNG`, Uint8Array.of(1, 2, 3));
    const path = `${folder}/a b.txt`;
    deepStrictEqual(await includeFiles("mail me@home or @nobody"), "mail me@home or @nobody");
    deepStrictEqual(
      await includeFiles(`read @"${path}"`),
      `read @"${path}"\n\nContent of ${path}:\nalpha`,
    );
    deepStrictEqual(await includeFiles(`see @${folder}/p.PNG.`), [
      { type: "image_url", image_url: { url: "data:image/png;base64,AQID" } },
      { type: "text", text: `see @${folder}/p.PNG.` },
    ]);
    await rejects(() => includeFiles(`@"${folder}/none"`), { code: "not_found" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
