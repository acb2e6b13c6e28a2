/** GET /metrics: Prometheus text. Names of the models' figures are llama-server's, so that dashboards work. */
import type { RunnerStatistics } from "../../../inference/runner/protocol.ts";
import { modelName } from "../model_lookup.ts";
import { backends } from "../backends.ts";
import type { RouteParts } from "../parts.ts";

/** Counts of answered requests, by method and status. */
export class RequestCounter {
  #counts = new Map<string, number>();

  count(method: string, status: number): void {
    const labels = `method="${label(method)}",status="${status}"`;
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }

  lines(): string[] {
    const values = [...this.#counts].map(([labels, n]) => `skiff_http_requests_total{${labels}} ${n}`);
    return metric("skiff_http_requests_total", "counter", "HTTP requests answered.", values);
  }
}

const modelMetrics: [name: string, type: string, help: string, value: (s: RunnerStatistics) => number][] = [
  ["llamacpp:prompt_tokens_total", "counter", "Prompt tokens processed.", (s) => s.promptTokens],
  ["llamacpp:prompt_seconds_total", "counter", "Prompt processing time.", (s) => s.promptMs / 1000],
  ["llamacpp:tokens_predicted_total", "counter", "Generated tokens.", (s) => s.completionTokens],
  ["llamacpp:tokens_predicted_seconds_total", "counter", "Generation time.", (s) => s.generationMs / 1000],
  [
    "llamacpp:prompt_tokens_seconds",
    "gauge",
    "Prompt tokens per second.",
    (s) => rate(s.promptTokens, s.promptMs),
  ],
  [
    "llamacpp:predicted_tokens_seconds",
    "gauge",
    "Generated tokens per second.",
    (s) => rate(s.completionTokens, s.generationMs),
  ],
  ["llamacpp:requests_processing", "gauge", "Requests being processed.", (s) => s.active],
  ["llamacpp:requests_deferred", "gauge", "Requests waiting.", (s) => s.waiting],
  [
    "skiff_prompt_tokens_cached_total",
    "counter",
    "Prompt tokens from the prefix cache.",
    (s) => s.cachedTokens,
  ],
  ["skiff_runner_requests_total", "counter", "Requests of the runner.", (s) => s.requests],
  ["skiff_runner_failures_total", "counter", "Failed requests of the runner.", (s) => s.failures],
  ["skiff_runner_resident_bytes", "gauge", "Resident memory of the runner.", (s) => s.residentBytes],
];

function rate(tokens: number, ms: number): number {
  return ms > 0 ? tokens / ms * 1000 : 0;
}

/** The page of metrics. */
export async function metricsText(parts: RouteParts, counter: RequestCounter): Promise<string> {
  const runners = await parts.host.statistics();
  const lines = runners.length === 0 ? ["# No active runners"] : [];
  for (const [name, type, help, value] of runners.length === 0 ? [] : modelMetrics) {
    const values = runners.map(({ model, mode, statistics }) => {
      const labels = `backend="${backends[0]}",model="${label(modelName(model))}",mode="${mode}"`;
      return `${name}{${labels}} ${value(statistics)}`;
    });
    lines.push(...metric(name, type, help, values));
  }
  const memory = [`process_resident_memory_bytes ${Deno.memoryUsage().rss}`];
  lines.push(
    ...counter.lines(),
    ...metric("process_resident_memory_bytes", "gauge", "Resident memory.", memory),
  );
  return `${lines.join("\n")}\n`;
}

function metric(name: string, type: string, help: string, values: string[]): string[] {
  return values.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...values];
}

function label(value: string): string {
  return value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
}
