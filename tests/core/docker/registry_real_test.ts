import { deepStrictEqual as equal, rejects } from "node:assert";
import {
  inspectDistribution,
  inspectImage,
  pullImage,
  pushImage,
  removeImage,
  tagImage,
} from "../../../core/docker/images.ts";
import { dockerRegistry } from "../../support/docker_registry.ts";
import { engineTest } from "../../support/engine_test.ts";

const login = { username: "me", password: "se:cret ü" };

engineTest("an image is pushed and pulled with progress, with the log-in of config.json", async (engine) => {
  const { docker, image, unique } = engine;
  await using registry = await dockerRegistry({ login });
  const reference = `${registry.host}/${unique()}/app:1`;
  const folder = await Deno.makeTempDir();
  const auth = new TextEncoder().encode(`${login.username}:${login.password}`).toBase64();
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const env = { get: (name: string) => ({ DOCKER_CONFIG: folder })[name] };
  await tagImage(docker, image, { target: reference });
  const pushed = await Array.fromAsync(pushImage(docker, reference, { env }));
  const digest = pushed.find(({ aux }) => aux?.Digest)!.aux!.Digest!;
  equal(pushed.some(({ status, id }) => status === "Pushed" && id !== undefined), true);
  equal((await inspectDistribution(docker, reference, { auth: login })).Descriptor.digest, digest);
  await removeImage(docker, reference);
  const pulled = await Array.fromAsync(pullImage(docker, reference, { env }));
  equal(pulled.some(({ status }) => status === `Digest: ${digest}`), true);
  equal((await inspectImage(docker, reference))?.RepoDigests?.some((name) => name.endsWith(digest)), true);
  await removeImage(docker, reference);
  await Deno.remove(folder, { recursive: true });
});

engineTest("an image is pulled by its digest", async (engine) => {
  const { docker, image, unique } = engine;
  await using registry = await dockerRegistry();
  const name = `${registry.host}/${unique()}`;
  await tagImage(docker, image, { target: `${name}:latest` });
  const pushed = await Array.fromAsync(pushImage(docker, name, { auth: "anonymous" }));
  const digest = pushed.find(({ aux }) => aux?.Digest)!.aux!.Digest!;
  await removeImage(docker, `${name}:latest`);
  await Array.fromAsync(pullImage(docker, `${name}@${digest}`, { auth: "anonymous" }));
  equal((await inspectImage(docker, `${name}@${digest}`))?.RepoDigests?.includes(`${name}@${digest}`), true);
  await removeImage(docker, `${name}@${digest}`);
});

engineTest("pulls and pushes that cannot be are errors with their reason", async (engine) => {
  const { docker, image, unique } = engine;
  await using open = await dockerRegistry();
  await using closed = await dockerRegistry({ login });
  const pull = (reference: string) => Array.fromAsync(pullImage(docker, reference, { auth: "anonymous" }));
  await rejects(() => pull(`${open.host}/${unique()}:1`), { code: "not_found" });
  await rejects(() => pull(`${closed.host}/${unique()}:1`), {
    code: /unauthorized|not_found/,
    message: /auth/,
  });
  await rejects(() => pull(`127.0.0.1:1/${unique()}:1`), { code: "network" });
  await rejects(() => pull("NOT A NAME"), { code: "invalid_input" });
  const reference = `${closed.host}/${unique()}:1`;
  await tagImage(docker, image, { target: reference });
  const push = pushImage(docker, reference, { auth: { username: "me", password: "wrong" } });
  await rejects(() => Array.fromAsync(push), { code: "unauthorized", hint: /log in/ });
  await removeImage(docker, reference);
});
