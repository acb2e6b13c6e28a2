/** Jinja2 itself, to compare renderings with: run by the machine's python3, straight from the wheels. */
import { pypiFile } from "./packages.ts";

export interface JinjaCase {
  template: string;
  variables: Record<string, unknown>;
}

/** The environment of transformers' `apply_chat_template`. */
const script = `
import datetime, json, sys
import jinja2, jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)

class Generation(jinja2.ext.Extension):
    tags = {"generation"}
    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)

env = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", Generation])
env.filters["tojson"] = tojson
env.filters["from_json"] = json.loads
env.globals["raise_exception"] = raise_exception
env.globals["strftime_now"] = lambda f: datetime.datetime.now().strftime(f)
compiled = {}
answers = []
for case in json.load(sys.stdin):
    try:
        source = case["template"]
        if source not in compiled:
            compiled[source] = env.from_string(source)
        answers.append({"text": compiled[source].render(**case["variables"])})
    except Exception as error:
        answers.append({"error": str(error)})
json.dump(answers, sys.stdout)
`;

/** Renders all cases; an error is what Jinja or the template said. Throws when python3 is missing. */
export async function pythonJinja(): Promise<
  (cases: JinjaCase[]) => Promise<{ text?: string; error?: string }[]>
> {
  const wheels = [
    await pypiFile("jinja2", "jinja2-3.1.6-py3-none-any.whl"),
    await pypiFile(
      "markupsafe",
      "MarkupSafe-3.0.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    ),
  ];
  const python = (...args: string[]) =>
    new Deno.Command("python3", { args, env: { PYTHONPATH: wheels.join(":") } });
  const probe = await python("-S", "-c", "import jinja2").output();
  if (!probe.success) throw new Error(new TextDecoder().decode(probe.stderr).trim().split("\n").at(-1));
  return async (cases) => {
    const input = await Deno.makeTempFile({ prefix: "skiff-jinja" });
    try {
      await Deno.writeTextFile(input, JSON.stringify(cases));
      const shell = ["-S", "-c", `import sys; sys.stdin = open(sys.argv[1])\n${script}`, input];
      const { success, stdout, stderr } = await python(...shell).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      return JSON.parse(new TextDecoder().decode(stdout));
    } finally {
      await Deno.remove(input);
    }
  };
}
