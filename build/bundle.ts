/**
 * Bundles the program into a few ES modules: what `deno compile` embeds is then skiff and nothing else
 * (given the sources it would embed every file of every npm package).
 */
import { build } from "esbuild";
import { commanderParts } from "./commander_parts.ts";
import { sdkValidator } from "./sdk_validator.ts";

/** Writes `main.js` and its chunks into `folder`; commands stay in chunks of their own and load on demand. */
export async function bundle(root: string, folder: string): Promise<void> {
  const result = await build({
    entryPoints: [`${root}/main.ts`],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    conditions: ["deno", "worker"],
    mainFields: ["module", "main"],
    target: "esnext",
    plugins: [commanderParts, sdkValidator],
    external: ["node:*"],
    loader: { ".wgsl": "text", ".jinja": "text" },
    define: { "process.env.NODE_ENV": '"production"' },
    // Deno reads all that is embedded at every start: short names alone save 2 ms of each.
    minify: true,
    legalComments: "none",
    chunkNames: "chunks/[name]-[hash]",
    logLevel: "warning",
    metafile: true,
  });
  await Deno.writeTextFile(`${folder}.meta.json`, JSON.stringify(result.metafile));
}
