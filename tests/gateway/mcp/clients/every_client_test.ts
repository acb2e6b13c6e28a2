/**
 * What holds for the file of every client: all else in it stays to the byte, however it is written; a damaged one is
 * never written over; a link stays a link; nothing is lost when several connect at once.
 */
import assert from "node:assert/strict";
import { parse as parseYaml } from "yaml";
import type { McpClient } from "../../../../gateway/mcp/clients/client.ts";
import { changeEntry, readEntries } from "../../../../gateway/mcp/clients/client_entries.ts";
import { globalFile, projectFile } from "../../../../gateway/mcp/clients/client_files.ts";
import { mcpClients } from "../../../../gateway/mcp/clients/client_table.ts";
import { connectClient, disconnectClient } from "../../../../gateway/mcp/clients/connect.ts";
import { backupPath } from "../../../../gateway/mcp/files/edit_file.ts";

const command = { command: "/opt/skiff", args: ["mcp", "gateway", "run"] };

interface Place {
  home: string;
  env: { get(name: string): string | undefined };
  os: "linux" | "windows";
  cwd: string;
}

/** Of a system that the client is made for. */
async function withPlace(client: McpClient, fn: (place: Place) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "skevery-" });
  const variables: Record<string, string> = { HOME: home, USERPROFILE: home, SKIFF_HOME: `${home}/skiff` };
  await Deno.mkdir(`${home}/project/.git`, { recursive: true });
  try {
    await fn({
      home,
      env: { get: (name) => variables[name] },
      os: client.global.linux.length > 0 ? "linux" : "windows",
      cwd: `${home}/project`,
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const fileOf = (client: McpClient, place: Place, global: boolean) =>
  (global ? globalFile(client, place) : projectFile(client, place.cwd))!;

async function put(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

/** Files with things of others in them, by format; `AT` is where servers go. */
const texts: Record<McpClient["format"]["kind"], string[]> = {
  "json": [
    `{\n  // first\n  "zeta": 1,\n  "alpha": {"b":[1,  2]}, /* odd */\n  "AT": {\n    "mine": { "command": "x", "args": [] } // kept\n  }\n}\n`,
    `{\n\t"AT": {},\n\t"last": null,\n}\n`,
    `{"one": "line", "AT": {"mine": {"command": "x"}}}`,
    `{ }`,
  ],
  "toml": [
    `# first\nmodel = "o"   # mine\n\n[other]\nb = 1\n\n[AT.mine]\ncommand = "x"\n\n[last] # end\na = [1,\n  2]\n`,
    `model = 'literal'\n`,
  ],
  "yaml-list": [
    `# first\nname: Mine   # odd\nAT:\n  - name: mine\n    command: x # kept\n\nlast: [1,  2]\n`,
    `name: "quoted"\nversion: 1.0.0\n`,
  ],
  "yaml-map": [
    `# first\nzeta: 1   # odd\nAT:\n  mine: # kept\n    cmd: x\n    args: []\n\nlast: [1,  2]\n`,
    `GOOSE_MODEL: "gpt"\n`,
  ],
};

const writings: [name: string, change: (text: string) => string][] = [
  ["as it is", (text) => text],
  ["CRLF", (text) => text.replaceAll("\n", "\r\n")],
  ["a byte order mark", (text) => `\ufeff${text}`],
  ["both", (text) => `\ufeff${text.replaceAll("\n", "\r\n")}`],
];

/**
 * What a text has in one place more than another one, spaces and commas aside; undefined when anything else differs.
 */
function insertion(before: string, after: string): string | undefined {
  const [short, long] = [before, after].map((text) => text.replace(/[\s,]+/g, ""));
  let head = 0;
  while (head < short.length && short[head] === long[head]) head++;
  const tail = short.length - head;
  return long.endsWith(short.slice(head)) ? long.slice(head, long.length - tail) : undefined;
}

for (const client of mcpClients) {
  for (const global of client.project ? [true, false] : [true]) {
    Deno.test(`${client.name}, ${global ? "the user's" : "a project's"} file: all else stays`, async () => {
      await withPlace(client, async (place) => {
        const { path, format } = fileOf(client, place, global);
        const options = { ...place, global, name: "MCP_SKIFF", command };
        for (const template of texts[format.kind]) {
          for (const [how, change] of writings) {
            const before = change(template.replaceAll("AT", format.at.join(".")));
            await put(path, before);
            assert.equal((await connectClient(client, options)).changed, true, how);
            const connected = await Deno.readTextFile(path);
            const plain = connected.replace(/^\ufeff/, "");
            const entries = readEntries(plain, format, path);
            const own = [...entries.values()].filter((entry) => entry.command === "/opt/skiff");
            assert.deepEqual(own.map(({ args }) => args), [command.args], how);
            assert.equal(connected.startsWith("\ufeff"), before.startsWith("\ufeff"), how);
            assert.equal(
              /(?<!\r)\n/.test(connected) && /\r\n/.test(connected),
              false,
              `mixed line ends: ${how}`,
            );
            assert.match(insertion(before, connected) ?? "", /skiff/, `${how}\n${connected}`);
            assert.equal((await connectClient(client, options)).changed, false, how);
            const kept = await backupPath(path, { env: place.env, backup: global ? "beside" : "apart" });
            assert.equal(await Deno.readTextFile(kept), before, how);
            assert.equal(kept.startsWith(place.cwd), false, "nothing is left in a project");
            assert.equal((await disconnectClient(client, options)).removed.length, 1, how);
            assert.equal(await Deno.readTextFile(path), before, how);
            // A file that has changed meanwhile has lost the entry alone.
            const end = /\r\n/.test(connected) ? "\r\n" : "\n";
            const changed = connected + end + end;
            await Deno.writeTextFile(path, changed);
            assert.equal((await disconnectClient(client, options)).removed.length, 1, how);
            const after = await Deno.readTextFile(path);
            // Where servers go was made, if it was not there.
            assert.match(insertion(before, after) ?? "?", /^("?[\w.]+"?:(\{\}|\[\])?)?$/, `${how}\n${after}`);
          }
        }
      });
    });
  }

  Deno.test(`${client.name}: a file that connecting made is gone again`, async () => {
    await withPlace(client, async (place) => {
      for (const global of client.project ? [true, false] : [true]) {
        const { path, format, blank = "" } = fileOf(client, place, global);
        const options = { ...place, global, name: "MCP_SKIFF", command };
        await connectClient(client, options);
        assert.equal(readEntries(await Deno.readTextFile(path), format, path).size, 1);
        assert.ok((await Deno.readTextFile(path)).startsWith(blank));
        await disconnectClient(client, options);
        await assert.rejects(() => Deno.stat(path), Deno.errors.NotFound);
        await put(path, "");
        await connectClient(client, options);
        await disconnectClient(client, options);
        assert.equal(await Deno.readTextFile(path), "");
        await Deno.remove(path);
      }
    });
  });

  Deno.test(`${client.name}: an entry of the same name that is another server is left alone`, async () => {
    await withPlace(client, async (place) => {
      const { path, format } = fileOf(client, place, true);
      const options = { ...place, global: true, name: "MCP_SKIFF", command };
      const other = { command: "other", args: ["x"] };
      const text = changeEntry(client.blank ?? "", format, { name: "MCP_SKIFF", command: other }, path);
      await put(path, text);
      await assert.rejects(() => connectClient(client, options), { code: "conflict", hint: /--name/ });
      assert.deepEqual((await disconnectClient(client, options)).removed, []);
      assert.equal(await Deno.readTextFile(path), text);
      await connectClient(client, { ...options, name: "ANOTHER" });
      assert.equal(readEntries(await Deno.readTextFile(path), format, path).size, 2);
    });
  });

  Deno.test(`${client.name}: a damaged file is refused and stays; a link stays a link`, async () => {
    await withPlace(client, async (place) => {
      const { path, format } = fileOf(client, place, true);
      const options = { ...place, global: true, name: "MCP_SKIFF", command };
      const damaged = format.kind === "json"
        ? `{"a": [1, }`
        : format.kind === "toml"
        ? "a = \n"
        : "a: [1\nb: 2\n";
      await put(path, damaged);
      await assert.rejects(() => connectClient(client, options), {
        code: "invalid_input",
        message: /:\d+:\d+/,
      });
      await assert.rejects(() => disconnectClient(client, options), { code: "invalid_input" });
      assert.equal(await Deno.readTextFile(path), damaged);
      await Deno.remove(path);
      const real = `${place.home}/dotfiles/config`;
      await put(real, format.kind === "json" ? "{}\n" : "");
      await Deno.symlink(real, path);
      await connectClient(client, options);
      assert.equal((await Deno.lstat(path)).isSymlink, true);
      assert.equal(readEntries(await Deno.readTextFile(real), format, real).size, 1);
    });
  });
}

Deno.test("twelve at once into one file: each entry is there", async () => {
  for (const name of ["vscode", "codex", "continue", "goose"]) {
    const client = mcpClients.find((one) => one.name === name)!;
    await withPlace(client, async (place) => {
      const names = Array.from({ length: 12 }, (_, i) => `GATEWAY${i}`);
      const options = { ...place, global: true, command };
      await Promise.all(names.map((one) => connectClient(client, { ...options, name: one })));
      const { path, format } = fileOf(client, place, true);
      const text = await Deno.readTextFile(path);
      assert.equal(readEntries(text, format, path).size, 12, name);
      if (format.kind.startsWith("yaml")) parseYaml(text);
    });
  }
});
