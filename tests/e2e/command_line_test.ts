/** What needs no model: version, help, completion, mistakes. */
import { match, ok, strictEqual } from "node:assert";
import { homeTest } from "../support/executable.ts";

homeTest("skiff --version prints one line", async (home) => {
  match(await home.ok(["--version"]), /^skiff version \d+\.\d+\.\d+\n$/);
});

const groups = [[], ["model"], ["model", "run"], ["model", "configure"], ["serve"], ["completion"]];
for (const path of groups) {
  homeTest(`skiff ${[...path, "--help"].join(" ")} explains itself`, async (home) => {
    const help = await home.ok([...path, "--help"]);
    match(help, new RegExp(`^Usage: skiff${path.map((word) => ` ${word}`).join("")}`));
    ok(help.includes("--help"));
  });
}

homeTest("a wrong command gets a suggestion and exit code 2", async (home) => {
  const { code, stderr } = await home.skiff(["model", "rnu", "smollm2"]);
  strictEqual(code, 2);
  match(stderr, /Did you mean run\?/);
});

homeTest("a wrong flag gets a suggestion and exit code 2", async (home) => {
  const { code, stderr } = await home.skiff(["model", "ls", "--quite"]);
  strictEqual(code, 2);
  match(stderr, /Did you mean --quiet\?/);
});

for (const shell of ["bash", "zsh", "fish"]) {
  homeTest(`skiff completion ${shell} is a script that asks skiff`, async (home) => {
    match(await home.ok(["completion", shell]), /__complete/);
  });
}

homeTest("bash completes commands with the script", async (home) => {
  const script =
    `source <(${home.executable} completion bash); COMP_WORDS=(skiff model ins); COMP_CWORD=2; _skiff;
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await new Deno.Command("bash", {
    args: ["-c", script],
    env: { ...home.env, PATH: `${home.folder}/bin:/usr/bin:/bin` },
    clearEnv: true,
  }).output();
  ok(new TextDecoder().decode(stdout).split("\n").includes("inspect"));
});

homeTest("no colours without a terminal", async (home) => {
  // deno-lint-ignore no-control-regex
  ok(!/\x1b/.test(await home.ok(["--help"])));
});

homeTest("under the name docker-model it is a plugin of the Docker CLI", async (home) => {
  await Deno.symlink(home.executable, `${home.folder}/bin/docker-model`);
  const call = async (...args: string[]) => {
    const command = new Deno.Command(`${home.folder}/bin/docker-model`, {
      args,
      env: home.env,
      clearEnv: true,
    });
    return new TextDecoder().decode((await command.output()).stdout);
  };
  strictEqual(JSON.parse(await call("docker-cli-plugin-metadata")).SchemaVersion, "0.1.0");
  match(await call("model", "run", "--help"), /^Usage: docker model run/);
  match(await call("run", "--help"), /^Usage: docker model run/);
  match(await call("__complete", "model", "ins"), /^inspect\t.+\n:4\n$/);
  match(await call("__complete", "model", "zzz"), /^:0\n$/);
});

homeTest("a file of such a name starts its own processes", async (home) => {
  const program = `${home.folder}/bin/docker-model`;
  await Deno.copyFile(home.executable, program);
  const call = async (...args: string[]) => {
    const command = new Deno.Command(program, { args, env: home.env, clearEnv: true });
    const { code, stdout, stderr } = await command.output();
    strictEqual(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  match(await call("model", "ps"), /^MODEL NAME/);
  match(await call("model", "status"), /Docker Model Runner is running/);
  match(await call("skiff", "stop"), /Stopped/);
});

homeTest("--debug may stand before the command", async (home) => {
  const { code, stderr } = await home.skiff(["--debug", "model", "rm", "nope"]);
  strictEqual(code, 1);
  match(stderr, /Model not found: nope\n[^]*SkiffError/);
});
