/**
 * `deno task ok`: everything that a change must pass before it is committed; under a minute.
 * `--without-tests` leaves out the fast tests.
 */
const deno = Deno.execPath();

const steps: { name: string; args: string[] }[] = [
  { name: "format", args: ["fmt", "--check", "--quiet"] },
  { name: "lint", args: ["lint", "--quiet"] },
  { name: "house rules", args: ["run", "-A", "build/house_rules.ts"] },
  { name: "types", args: ["check", "--quiet", "main.ts", "build", "tests"] },
  {
    name: "fast tests",
    args: [
      "test",
      "-A",
      "--no-check",
      "--quiet",
      "--parallel",
      "--v8-flags=--expose-gc",
      "--ignore=tests/e2e,tests/bench,**/*_real_test.ts",
      "tests",
    ],
  },
];

const wanted = Deno.args.includes("--without-tests") ? steps.slice(0, -1) : steps;
for (const { name, args } of wanted) {
  const start = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(deno, { args, stdout: "piped", stderr: "piped" })
    .output();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${success ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (!success) {
    await Deno.stdout.write(stdout);
    await Deno.stderr.write(stderr);
    Deno.exit(1);
  }
}
