import { deepStrictEqual as equal } from "node:assert";
import { answerError, dialError, noEngineError } from "../../../core/docker/engine_error.ts";
import type { DockerEndpoint } from "../../../core/docker/endpoint.ts";

const answers: { status: number; text: string; code: string; message?: string; hint?: RegExp }[] = [
  {
    status: 404,
    text: '{"message":"No such container: x"}',
    code: "not_found",
    message: "No such container: x",
  },
  { status: 409, text: '{"message":"name is in use"}', code: "conflict" },
  { status: 400, text: '{"message":"bad parameter"}', code: "invalid_input" },
  { status: 403, text: '{"message":"no"}', code: "forbidden" },
  { status: 501, text: '{"message":"driver none does not support reading"}', code: "unsupported" },
  { status: 500, text: '{"message":"oops"}', code: "unavailable", message: "oops" },
  { status: 500, text: "plain text\n", code: "unavailable", message: "plain text" },
  { status: 502, text: "", code: "unavailable", message: "it answered GET /x with 502" },
  { status: 404, text: '{"cause":"no such pod","message":"no pod: no such pod"}', code: "not_found" },
  { status: 500, text: '{"message":"write /a: no space left on device"}', code: "disk_full" },
  {
    status: 500,
    text: '{"message":"Bind for 0.0.0.0:80 failed: port is already allocated"}',
    code: "conflict",
    hint: /port/,
  },
  {
    status: 500,
    text: '{"message":"Get https://r/v2/: unauthorized: authentication required"}',
    code: "unauthorized",
    hint: /log in/,
  },
  { status: 404, text: '{"message":"pull access denied for x"}', code: "not_found", hint: /name/ },
  {
    status: 400,
    text: '{"message":"client version 1.99 is too new. Maximum supported API version is 1.41"}',
    code: "unsupported",
    hint: /DOCKER_API_VERSION/,
  },
  { status: 500, text: '{"message":"dial tcp: lookup r: no such host"}', code: "network" },
  {
    status: 400,
    text:
      '{"message":"OCI runtime create failed: exec: \\"x\\": executable file not found in $PATH: unknown"}',
    code: "not_found",
    hint: /PATH/,
  },
];

for (const { status, text, code, message, hint } of answers) {
  Deno.test(`an answer ${status} ${text.trim().slice(0, 60)} is "${code}"`, () => {
    const error = answerError(status, text, { method: "GET", path: "/x" });
    equal(error.code, code);
    equal(error.details?.status, status);
    if (message) equal(error.message, `Docker Engine: ${message}`);
    if (hint) equal(hint.test(error.hint ?? ""), true);
  });
}

const socket: DockerEndpoint = {
  address: { kind: "unix", path: "/a.sock" },
  url: "unix:///a.sock",
  source: "DOCKER_HOST",
};
const other: DockerEndpoint = { ...socket, url: "unix:///b.sock", source: "Podman" };

const dials: { name: string; error: unknown; code: string; message: RegExp; hint: RegExp }[] = [
  {
    name: "no socket",
    error: new Deno.errors.NotFound("x"),
    code: "unavailable",
    message: /a\.sock \(DOCKER_HOST\): there is no such socket/,
    hint: /Start Docker/,
  },
  {
    name: "no permission",
    error: new Deno.errors.PermissionDenied("x"),
    code: "forbidden",
    message: /permission/,
    hint: /docker group/,
  },
  {
    name: "nobody behind the socket",
    error: new Deno.errors.ConnectionRefused("x"),
    code: "unavailable",
    message: /nothing listens/,
    hint: /Start Docker/,
  },
  {
    name: "a foreign certificate",
    error: new Deno.errors.InvalidData("invalid peer certificate: UnknownIssuer"),
    code: "network",
    message: /UnknownIssuer/,
    hint: /ca\.pem/,
  },
];

for (const { name, error, code, message, hint } of dials) {
  Deno.test(`${name}: says so and what to do`, () => {
    const told = dialError(socket, error);
    equal([told.code, message.test(told.message), hint.test(told.hint ?? "")], [code, true, true]);
  });
}

Deno.test("when no place has an Engine, all places are named; one that refuses us comes first", () => {
  const absent = [socket, other].map((endpoint) => ({ endpoint, error: new Deno.errors.NotFound("x") }));
  equal(noEngineError(absent).code, "unavailable");
  equal(/\/a\.sock, \/b\.sock/.test(noEngineError(absent).hint ?? ""), true);
  const refusing = [...absent, { endpoint: other, error: new Deno.errors.PermissionDenied("x") }];
  equal(noEngineError(refusing).code, "forbidden");
  const dead = [...absent, { endpoint: other, error: new Deno.errors.ConnectionRefused("x") }];
  equal(/b\.sock \(Podman\): nothing listens/.test(noEngineError(dead).message), true);
});
