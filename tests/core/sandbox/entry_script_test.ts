/** The script that starts a program: its gate, tried with this machine's own shell. */
import { deepStrictEqual } from "node:assert";
import { entryCommand } from "../../../core/sandbox/entry_script.ts";

const cases: {
  name: string;
  gate?: "input" | "nothing";
  stdin: string;
  stdout: string;
  code: number;
}[] = [
  { name: "the word, then the program's input", gate: "input", stdin: "go\na\nb", stdout: "<a\nb>", code: 3 },
  {
    name: "the word twice: one is the program's",
    gate: "input",
    stdin: "go\ngo\n",
    stdout: "<go\n>",
    code: 3,
  },
  { name: "no input behind the word", gate: "input", stdin: "go\n", stdout: "<>", code: 3 },
  { name: "a program without input", gate: "nothing", stdin: "go\nnot its own", stdout: "<>", code: 3 },
  { name: "no word: nothing runs", gate: "input", stdin: "", stdout: "", code: 125 },
  { name: "half a word", gate: "nothing", stdin: "g", stdout: "", code: 125 },
  { name: "a word without its end of line", gate: "input", stdin: "go", stdout: "", code: 125 },
  { name: "another word", gate: "input", stdin: " go\n", stdout: "", code: 125 },
  { name: "no gate", stdin: "go\n", stdout: "<go\n>", code: 3 },
];

for (const { name, gate, stdin, stdout, code } of cases) {
  Deno.test(`gate: ${name}`, async () => {
    const [program, ...args] = entryCommand({
      command: ["sh", "-c", 'printf "<"; cat; printf ">"; exit 3'],
      gate,
    });
    const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
    const [output] = await Promise.all([
      child.output(),
      new Response(stdin).body!.pipeTo(child.stdin).catch(() => {}), // it may end without reading
    ]);
    deepStrictEqual([new TextDecoder().decode(output.stdout), output.code], [stdout, code]);
  });
}
