/**
 * Sends spans and numbers to a collector over OTLP/HTTP, behind the back of whoever made them: nothing waits for
 * it, and what it cannot send is dropped.
 */
import { failureReason, fetchTrusting } from "../../../core/http/trusting_fetch.ts";
import { waitAtMost } from "../servers/wait_at_most.ts";
import { type Attributes, type FinishedSpan, metricsBody, type Series, traceBody } from "./otlp.ts";

export interface ExporterSettings {
  /** Where spans go; absent: nowhere. */
  traces?: string;
  /** Where numbers go. */
  metrics?: string;
  headers: Record<string, string>;
  /** Who sends. */
  resource: Attributes;
  /** Milliseconds for one request. */
  timeoutMs: number;
  /** Milliseconds between two sendings of numbers. */
  metricsMs: number;
  /** Milliseconds for the last sending, when the gateway ends. Default 1 s. */
  farewellMs?: number;
  /** For people; called once when nothing can be sent. */
  log(line: string): void;
}

/** Spans that wait to be sent; what comes beyond is dropped. */
const mostSpans = 2048;
/** Milliseconds that spans wait for others. */
const spansMs = 1000;
const standardFarewellMs = 1000;

export class Exporter {
  readonly #settings: ExporterSettings;
  readonly #series: () => Series[];
  readonly #start = Date.now();
  #spans: FinishedSpan[] = [];
  #timer?: ReturnType<typeof setTimeout>;
  #metricsTimer?: ReturnType<typeof setInterval>;
  #sending?: Promise<void>;
  #isTold = false;

  /** `series` gives the numbers as they are when they are sent. */
  constructor(settings: ExporterSettings, series: () => Series[]) {
    this.#settings = settings;
    this.#series = series;
    if (!settings.metrics) return;
    this.#metricsTimer = setInterval(() => this.#sendMetrics(), settings.metricsMs);
    Deno.unrefTimer(this.#metricsTimer);
  }

  add(span: FinishedSpan): void {
    if (!this.#settings.traces || this.#spans.length >= mostSpans) return;
    this.#spans.push(span);
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#sendSpans(), spansMs);
    Deno.unrefTimer(this.#timer);
  }

  /** Sends what is left; a collector that is silent is not waited for. */
  async close(): Promise<void> {
    clearInterval(this.#metricsTimer);
    const { farewellMs = standardFarewellMs } = this.#settings;
    await waitAtMost(farewellMs, Promise.all([this.#sendSpans(), this.#sendMetrics()]));
  }

  /** One request at a time: what comes meanwhile waits for the next. */
  async #sendSpans(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#sending;
    const spans = this.#spans;
    if (spans.length === 0) return;
    this.#spans = [];
    this.#sending = this.#send(this.#settings.traces!, traceBody(this.#settings.resource, spans));
    await this.#sending;
    this.#sending = undefined;
  }

  async #sendMetrics(): Promise<void> {
    const { metrics, resource } = this.#settings;
    const series = this.#series();
    if (!metrics || series.length === 0) return;
    await this.#send(metrics, metricsBody(resource, series, this.#start, Date.now()));
  }

  async #send(url: string, body: unknown): Promise<void> {
    const { headers, timeoutMs, log } = this.#settings;
    try {
      const response = await fetchTrusting(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
        redirect: "error",
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
    } catch (error) {
      if (!this.#isTold) {
        log(
          `! Telemetry does not reach ${new URL(url).host}: ${
            failureReason(error) ?? (error as Error).message
          }`,
        );
      }
      this.#isTold = true;
    }
  }
}
