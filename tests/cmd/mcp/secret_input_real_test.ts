/** Values of `skiff mcp secret set`, as they come: through a pipe, and typed at a real terminal. */
import assert from "node:assert/strict";
import { debianPackages } from "../../support/apt.ts";
import { realTest } from "../../support/parts.ts";
import { onScreen } from "../../support/screen.ts";
import { withHome } from "../../gateway/mcp/home.ts";

const main = new URL("../../../main.ts", import.meta.url).pathname;
const words = ["run", "-A", "--quiet", "--no-check", main, "mcp", "secret", "set", "notes.key"];

async function piped(home: string, bytes: Uint8Array) {
  const child = new Deno.Command(Deno.execPath(), {
    args: words,
    env: { HOME: home, SKIFF_HOME: `${home}/skiff`, SKIFF_MCP_SECRETS: "file", DOCKER_CONFIG: "" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(bytes);
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const inputs: { name: string; bytes: Uint8Array; value?: string; said?: RegExp }[] = [
  { name: "a line", bytes: utf8("hunter2\n"), value: "hunter2" },
  { name: "a line of Windows", bytes: utf8("hunter2\r\n"), value: "hunter2" },
  { name: "several lines", bytes: utf8("-----BEGIN\nabc\n-----END\n"), value: "-----BEGIN\nabc\n-----END" },
  { name: "a byte order mark", bytes: utf8("\uFEFFhunter2"), value: "hunter2" },
  { name: "spaces around it", bytes: utf8(" a b \n"), value: " a b " },
  { name: "UTF-16, as PowerShell writes it", bytes: new Uint8Array([0xff, 0xfe, 0x61, 0]), said: /no UTF-8/ },
  { name: "nothing", bytes: utf8(""), said: /The value of notes\.key is empty/ },
];

for (const { name, bytes, value, said } of inputs) {
  Deno.test(`secret set through a pipe: ${name}`, async () => {
    await withHome(async ({ home, read }) => {
      const answer = await piped(home, bytes);
      if (said) {
        assert.match(answer.said, said);
        assert.notEqual(answer.code, 0);
        await assert.rejects(() => read(".docker/mcp/secrets.json"), Deno.errors.NotFound);
        return;
      }
      assert.deepEqual(answer, { code: 0, said: "Kept notes.key (file)\n" });
      assert.equal(JSON.parse(await read(".docker/mcp/secrets.json")).secrets["notes.key"], value);
    });
  });
}

realTest("secret set at a terminal asks, and shows nothing of it", () => debianPackages("tmux"), async () => {
  await withHome(async ({ home, read }) => {
    const env = { HOME: home, SKIFF_HOME: `${home}/skiff`, SKIFF_MCP_SECRETS: "file", PATH: "/usr/bin:/bin" };
    const command = [Deno.execPath(), ...words].join(" ");
    await using screen = await onScreen(`${command}; echo ended with $?; sleep 100`, env);
    await screen.expect(/Value of notes\.key \(it is not shown\):/);
    await screen.keys("huntex");
    await screen.keys("BSpace");
    await screen.keys("r2", "Enter");
    const shown = await screen.expect(/ended with 0/);
    assert.match(shown, /Kept notes\.key \(file\)/);
    assert.doesNotMatch(shown, /hunte/);
    assert.equal(JSON.parse(await read(".docker/mcp/secrets.json")).secrets["notes.key"], "hunter2");
    await using second = await onScreen(`${command}; echo ended with $?; sleep 100`, env);
    await second.expect(/Value of/);
    await second.keys("x", "C-c");
    await second.expect(/ended with 130/);
    assert.equal(JSON.parse(await read(".docker/mcp/secrets.json")).secrets["notes.key"], "hunter2");
  });
});
