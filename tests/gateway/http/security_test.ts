import { deepStrictEqual as equal } from "node:assert/strict";
import { createApp } from "../../../gateway/http/app.ts";
import type { Connection, HttpSettings } from "../../../gateway/http/parts.ts";
import { httpSettings, isLoopbackAddress } from "../../../gateway/http/settings.ts";
import { MadeStore, ScriptedHost } from "../../support/scripted_host.ts";

const tcp: Connection = { transport: "tcp", remote: "127.0.0.1" };

interface Case {
  name: string;
  headers?: Record<string, string>;
  method?: string;
  settings?: Partial<HttpSettings>;
  connection?: Connection;
  status: number;
}

const local = { host: "localhost:12434" };

const cases: Case[] = [
  { name: "loopback name", headers: local, status: 200 },
  { name: "loopback address", headers: { host: "127.0.0.1:12434" }, status: 200 },
  { name: "IPv6 loopback", headers: { host: "[::1]:12434" }, status: 200 },
  { name: "upper case", headers: { host: "LOCALHOST" }, status: 200 },
  { name: "Docker's names", headers: { host: "model-runner.docker.internal" }, status: 200 },
  { name: "host.docker.internal", headers: { host: "host.docker.internal:12434" }, status: 200 },
  { name: "rebound name", headers: { host: "evil.example:12434" }, status: 403 },
  { name: "a name that only starts so", headers: { host: "localhost.evil.example" }, status: 403 },
  { name: "a name that only ends so", headers: { host: "evil-localhost" }, status: 403 },
  { name: "configured name", headers: { host: "box.lan:1" }, settings: { hosts: ["box.lan"] }, status: 200 },
  { name: "address while on loopback", headers: { host: "192.168.1.5" }, status: 403 },
  { name: "address while public", headers: { host: "192.168.1.5" }, settings: { public: true }, status: 200 },
  { name: "name while public", headers: { host: "evil.example" }, settings: { public: true }, status: 403 },
  {
    name: "any host over the socket",
    headers: { host: "docker" },
    connection: { transport: "unix" },
    status: 200,
  },
  { name: "foreign page", headers: { ...local, origin: "https://evil.example" }, status: 403 },
  {
    name: "foreign page over the socket",
    headers: { ...local, origin: "https://evil.example" },
    connection: { transport: "unix" },
    status: 403,
  },
  {
    name: "simple request of a foreign page",
    method: "POST",
    headers: { ...local, origin: "https://evil.example", "content-type": "text/plain" },
    status: 403,
  },
  { name: "sandboxed page", headers: { ...local, origin: "null" }, status: 403 },
  {
    name: "sandboxed page, all allowed",
    headers: { ...local, origin: "null" },
    settings: { origins: ["*"] },
    status: 200,
  },
  { name: "local page, any port", headers: { ...local, origin: "http://localhost:3131" }, status: 200 },
  { name: "local page over https", headers: { ...local, origin: "https://127.0.0.1:8443" }, status: 200 },
  { name: "looks local", headers: { ...local, origin: "http://localhost.evil.example" }, status: 403 },
  {
    name: "looks local by user",
    headers: { ...local, origin: "http://localhost@evil.example" },
    status: 403,
  },
  {
    name: "configured origin",
    headers: { ...local, origin: "https://app.example" },
    settings: { origins: ["https://app.example"] },
    status: 200,
  },
  {
    name: "subdomain by wildcard",
    headers: { ...local, origin: "https://a.app.example" },
    settings: { origins: ["https://*.app.example"] },
    status: 200,
  },
  {
    name: "wildcard stays inside the host",
    headers: { ...local, origin: "https://evil.example/.app.example" },
    settings: { origins: ["https://*.app.example"] },
    status: 403,
  },
  {
    name: "image of a foreign page",
    headers: {
      ...local,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "no-cors",
      "sec-fetch-dest": "image",
    },
    status: 403,
  },
  {
    name: "form of a foreign page",
    method: "POST",
    headers: {
      ...local,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    },
    status: 403,
  },
  {
    name: "clicked link",
    headers: {
      ...local,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    },
    status: 200,
  },
  {
    name: "frame of a foreign page",
    headers: {
      ...local,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "iframe",
    },
    status: 403,
  },
  {
    name: "typed address",
    headers: { ...local, "sec-fetch-site": "none", "sec-fetch-mode": "navigate" },
    status: 200,
  },
  {
    name: "preflight of a foreign page",
    method: "OPTIONS",
    headers: { ...local, origin: "https://evil.example" },
    status: 403,
  },
  {
    name: "preflight of a local page",
    method: "OPTIONS",
    headers: { ...local, origin: "http://localhost:1" },
    status: 204,
  },
];

Deno.test("who may call", async (t) => {
  for (const { name, headers, method = "GET", settings, connection = tcp, status } of cases) {
    await t.step(name, async () => {
      const host = new ScriptedHost();
      const app = createApp({ store: new MadeStore(), host, version: "1", settings });
      const body = method === "POST"
        ? '{"model":"smollm2","messages":[{"role":"user","content":"x"}]}'
        : undefined;
      const path = method === "POST" ? "/v1/chat/completions" : "/v1/models";
      const response = await app.request(path, { method, headers, body }, connection);
      equal(response.status, status);
      if (status === 403) equal(host.requests.length, 0);
    });
  }
});

Deno.test("answers to an allowed page carry CORS headers, errors too", async () => {
  const app = createApp({ store: new MadeStore(), host: new ScriptedHost(), version: "1" });
  const headers = { ...local, origin: "http://localhost:3000" };
  for (const path of ["/v1/models", "/nothing", "/models/nope"]) {
    const response = await app.request(path, { headers }, tcp);
    equal(response.headers.get("access-control-allow-origin"), "http://localhost:3000", path);
    equal(response.headers.get("vary"), "Origin", path);
  }
  const preflight = await app.request("/v1/chat/completions", {
    method: "OPTIONS",
    headers: { ...headers, "access-control-request-headers": "authorization, x-stainless-os" },
  }, tcp);
  equal(preflight.headers.get("access-control-allow-headers"), "authorization, x-stainless-os");
  equal(preflight.headers.get("access-control-allow-credentials"), "true");
  equal((await app.request("/v1/models", {}, tcp)).headers.get("access-control-allow-origin"), null);
});

Deno.test("httpSettings reads the environment", () => {
  const env = (values: Record<string, string>) => ({ get: (name: string) => values[name] });
  equal(httpSettings(env({})), { origins: [], hosts: [], metrics: true });
  equal(
    httpSettings(env({ DMR_ORIGINS: "http://a, https://*.b", DMR_HOSTS: "box.lan", DISABLE_METRICS: "1" })),
    {
      origins: ["http://a", "https://*.b"],
      hosts: ["box.lan"],
      metrics: false,
    },
  );
  equal(["127.0.0.1", "::1", "localhost", "0.0.0.0", "192.168.1.2"].map(isLoopbackAddress), [
    true,
    true,
    true,
    false,
    false,
  ]);
});
