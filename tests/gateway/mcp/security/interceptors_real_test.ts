/** Interceptors in containers of a real Engine. */
import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { inspectContainer, listContainers } from "../../../../core/docker/containers.ts";
import { openDocker } from "../../../../core/docker/docker.ts";
import { events } from "../../../../core/docker/events.ts";
import { removeImage, tagImage } from "../../../../core/docker/images.ts";
import { containerRunner } from "../../../../gateway/mcp/security/interceptor_container.ts";
import { interceptorMiddleware, parseInterceptor } from "../../../../gateway/mcp/security/interceptors.ts";
import { type Engine, engineTest } from "../../../support/engine_test.ts";
import { textResult, toolCall } from "../../../support/mcp/tool_call.ts";

const limits = { ms: 60_000, most: 100_000 };

/** `docker:` with words that hold no spaces, as the flag has them. */
function intercept({ env }: Engine, image: string, script: string, when = "before", ms = limits.ms) {
  const command = `sh -c ${script.replaceAll(" ", "${IFS}")}`;
  return interceptorMiddleware(
    parseInterceptor(`${when}:docker:${image} ${command}`),
    containerRunner(() => openDocker({ env })),
    { ...limits, ms },
  );
}

const answered = () => Promise.resolve(textResult("tool"));
async function containersOf({ docker }: Engine, image: string) {
  const label = ["docker-mcp-tool-type=interceptor"];
  const found = await listContainers(docker, { all: true, filters: { label } });
  return found.filter(({ Image }) => Image === image);
}

/** Script -> the text of the result, of a tool that answers "tool". */
const scripts: [script: string, when: string, expected: string | RegExp][] = [
  ["true", "before", "tool"],
  ["cat >/dev/null", "before", "tool"],
  ["exec <&-; true", "before", "tool"],
  ["sed s/tool/changed/", "after", "changed"],
  [`grep -q '"arguments":{"a":1}' && echo '{"content":[{"type":"text","text":"seen"}]}'`, "before", "seen"],
  ["exit 3", "before", /before:docker failed: exit code 3$/],
  ["echo sorry >&2; false", "after", /after:docker failed: exit code 1: sorry$/],
  ["echo not json", "after", /answers what is no tool result/],
  ["head -c 5000 /dev/urandom", "after", /answers what is no tool result/],
  ["yes", "before", /it says more than 98 KiB$/],
  ["kill -9 $$", "before", /exit code 137/],
  ["absent-program", "before", /exit code 127/],
];

engineTest("an interceptor in a container sees the call and answers; nothing of it stays", async (engine) => {
  const { docker, unique } = engine;
  const image = `${unique()}:1`;
  await tagImage(docker, engine.image, { target: image });
  for (const [script, when, expected] of scripts) {
    const call = intercept(engine, image, script, when)(toolCall({ a: 1 }), answered);
    if (typeof expected === "string") equal(await call, textResult(expected), script);
    else await rejects(call, expected, script);
  }
  equal(await containersOf(engine, image), []);
  await removeImage(docker, image);
});

engineTest(
  "an interceptor's container is limited, and goes when the call is cancelled or it takes too long",
  async (engine) => {
    const { docker, unique } = engine;
    const image = `${unique()}:1`;
    await tagImage(docker, engine.image, { target: image });
    const abort = new AbortController();
    const since = Math.floor(Date.now() / 1000);
    const call = intercept(engine, image, "sleep 600")(toolCall({}, abort.signal), answered);
    const filters = { type: ["container"], event: ["start"], image: [image] };
    for await (const { Actor } of events(docker, { since, filters })) {
      const { HostConfig, Config } = (await inspectContainer(docker, Actor!.ID!))!;
      equal([HostConfig?.SecurityOpt, HostConfig?.NanoCpus, HostConfig?.Memory, HostConfig?.Privileged], [
        ["no-new-privileges"],
        1e9,
        2 ** 31,
        false,
      ]);
      ok(Config?.Labels?.["docker-mcp-tool-type"] === "interceptor");
      break;
    }
    abort.abort();
    await rejects(call, { name: "AbortError" });
    equal(await containersOf(engine, image), []);
    const slow = intercept(engine, image, "sleep 600", "before", 3000)(toolCall(), answered);
    await rejects(slow, /before:docker failed: it did not end within 3 s$/);
    equal(await containersOf(engine, image), []);
    await removeImage(docker, image);
  },
);

engineTest("an interceptor whose image cannot be had fails the call", async (engine) => {
  const call = intercept(engine, `127.0.0.1:1/${engine.unique()}:1`, "true")(toolCall(), answered);
  await rejects(call, /before:docker failed: /);
});
