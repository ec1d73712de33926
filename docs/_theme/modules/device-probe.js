// <device-probe>: measures the reader's device on request, keeps the result in this browser, says what follows from it.
import { reasonOf } from "./engine-client.js";
import { measurementFile } from "./measurement-file.js";
import { predictRun } from "./own-run.js";
import { SettingsElement } from "./settings-element.js";
import { download, today } from "./take.js";
import { onDeviceChange, readDevice, writeDevice } from "./this-device.js";
import { startWorker } from "./worker-start.js";

/** @typedef {import("./this-device.js").OwnDevice} OwnDevice */
/** @typedef {import("./this-device.js").Spread} Spread */
/** @typedef {import("./probe-sum.js").Sum} Sum */
/** `memory_gib`: what to assume where the browser does not say.
 * @typedef {{ lang: string, words: Record<string, string>, memory_gib: number, request: import("./own-run.js").Shape,
 *   served: import("./own-run.js").Served }} Settings */

const MS = 2000;
/** What a field takes, and an example of it. @type {Record<string, { low: number, high: number, example: string }>} */
const FIELDS = { memory_gib: { low: 0.5, high: 10000, example: "16" }, power_w: { low: 0.1, high: 10000, example: "30" } };
/** Result, its output, its unit. */
const PREDICTED = /** @type {const} */ ([["ttft_ms", "predicted_ttft_ms", "ms"], ["decode_tokens_per_second", "predicted_tokens_per_second", "tokens-per-second"]]);
const EFFICIENCIES = /** @type {const} */ (["bandwidth_efficiency", "decode_compute_efficiency", "compute_efficiency"]);

/** @extends {SettingsElement<Settings>} */
class DeviceProbe extends SettingsElement {
  /** @type {Worker | undefined} */
  worker;
  /** A device that this browser cannot keep lives as long as the page. @type {OwnDevice | null} */
  unkept = null;
  predicting = false;
  quiet = () => {};

  connectedCallback() {
    if (this.dataset.state !== "static") return;
    this.readSettings();
    this.find("[data-live]").hidden = false;
    this.find("[name=predict]").textContent = this.say("predict", { size: ENGINE_SIZE });
    this.addEventListener("click", ({ target }) => this.clicked(target));
    this.addEventListener("change", ({ target }) => this.edited(/** @type {HTMLInputElement} */ (target)));
    this.quiet = onDeviceChange(() => this.show());
    this.dataset.state = "ready";
    this.show();
    const device = this.device;
    if (device) this.status(this.say("kept", { date: device.date }));
  }

  disconnectedCallback() {
    this.quiet();
    this.worker?.terminate();
  }

  get device() {
    return readDevice() ?? this.unkept;
  }

  /** @param {string} text @param {string} place */
  error(text, place = "[data-error]") {
    const box = this.find(place);
    box.hidden = !text;
    box.textContent = text;
  }

  /** Three digits, as closely as a measurement deserves. @param {number} value */
  number(value) {
    return value.toLocaleString(this.settings.lang, { maximumSignificantDigits: 3, useGrouping: false });
  }

  /** @param {EventTarget | null} target */
  clicked(target) {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button?.name === "probe") this.measure();
    if (button?.name === "remove") this.remove_();
    if (button?.name === "predict") void this.predict();
    if (button?.name === "export") this.export();
  }

  measure() {
    this.worker?.terminate();
    const worker = (this.worker = startWorker("probe-worker.js"));
    const wanted = new URLSearchParams(location.search).get("backend") ?? "";
    this.dataset.state = "computing";
    this.error("");
    this.status(this.say("measuring"));
    const bar = /** @type {HTMLProgressElement} */ (this.find("[data-progress]"));
    const button = /** @type {HTMLButtonElement} */ (this.find("[name=probe]"));
    [bar.value, bar.hidden, button.disabled] = [0, false, true];
    const end = () => {
      worker.terminate();
      [bar.hidden, button.disabled] = [true, false];
      if (document.activeElement === document.body) button.focus(); // it was lost with the button
    };
    worker.onmessage = ({ data }) => {
      if (data.type === "progress") return void (bar.value = data.share);
      end();
      if (data.type === "error") return this.failed(this.say(data.code));
      this.measured(data);
    };
    worker.onerror = (event) => {
      end();
      this.failed(this.say("failed", { reason: event.message || "worker" }));
    };
    worker.postMessage({ backend: ["wasm", "webgpu"].includes(wanted) ? wanted : "", ms: MS });
  }

  /** @param {string} text */
  failed(text) {
    this.dataset.state = "error";
    this.status("");
    this.error(text);
  }

  /** @param {{ backend: "wasm" | "webgpu", adapter: string, bandwidth: Sum, compute: Sum }} result */
  measured({ backend, adapter, bandwidth, compute }) {
    const before = this.device;
    const scaled = (/** @type {Sum} */ { value, low, high }, /** @type {number} */ unit) => ({ value: value / unit, low: low / unit, high: high / unit });
    const told = /** @type {{ deviceMemory?: number }} */ (navigator).deviceMemory;
    /** @type {Pick<OwnDevice, "memory_gib" | "memory_from">} */
    const memory = before?.memory_from === "reader" ? { memory_gib: before.memory_gib, memory_from: "reader" }
      : told ? { memory_gib: told, memory_from: "browser" } : { memory_gib: this.settings.memory_gib, memory_from: "assumed" };
    this.keep({
      schema: 1, date: today(), backend, adapter, ...memory,
      runs: Math.min(bandwidth.runs, compute.runs), settled: bandwidth.settled && compute.settled,
      bandwidth_gbs: scaled(bandwidth, 1e9), tflops: scaled(compute, 1e12), ...(before?.power_w ? { power_w: before.power_w } : {}),
    });
    this.dataset.state = "ready";
    this.status(this.say(this.unkept ? "done-not-kept" : "done"));
  }

  /** @param {OwnDevice} device */
  keep(device) {
    this.unkept = null;
    if (!writeDevice(device)) this.unkept = device;
    this.show();
  }

  remove_() {
    this.unkept = null;
    writeDevice(null);
    this.error("");
    this.status(this.say("removed"));
    this.find("[name=probe]").focus();
  }

  /** @param {HTMLInputElement} field */
  edited(field) {
    const allowed = FIELDS[field.name], device = this.device;
    if (!allowed || !device) return;
    const text = field.value.normalize("NFKC").trim();
    const value = Number(text);
    const empty = text === "" && field.name === "power_w";
    const good = empty || (text !== "" && value >= allowed.low && value <= allowed.high);
    if (good) field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
    if (!good) return this.error(this.say("bad-number", { given: field.value.slice(0, 40), low: String(allowed.low), high: String(allowed.high), example: allowed.example }), "[data-input-error]");
    this.error("", "[data-input-error]");
    if (field.name === "memory_gib") this.keep({ ...device, memory_gib: value, memory_from: "reader" });
    else this.keep({ ...device, power_w: empty ? undefined : value });
  }

  /** Shows the device as it is kept now. */
  show() {
    const { device } = this;
    this.find("[data-device]").hidden = this.find("[name=remove]").hidden = !device;
    this.find("[name=probe]").textContent = this.say(device ? "probe-again" : "probe");
    if (!device) return;
    this.figure("bandwidth_gbs", device.bandwidth_gbs, 1, "gbs", device);
    this.figure("tflops", device.tflops, 1000, `operations-${device.backend}`, device);
    this.find("[name=backend]").textContent = this.say(`backend-${device.backend}`, { adapter: device.adapter || this.say("adapter-unnamed") });
    this.field("memory_gib", device.memory_gib);
    this.field("power_w", device.power_w);
    this.find("[data-memory-note]").textContent = this.say(`memory-${device.memory_from}`);
    this.showRun(device);
  }

  /** @param {string} name @param {Spread} spread @param {number} scale @param {string} unit @param {OwnDevice} device */
  figure(name, spread, scale, unit, { runs, settled }) {
    const output = this.find(`output[name=${name}]`), note = document.createElement("small");
    const [low, value, high] = [spread.low, spread.value, spread.high].map((one) => this.number(one * scale));
    output.dataset.value = String(spread.value);
    note.textContent = this.say(settled ? "spread" : "spread-unsettled", { low, high, runs: String(runs) });
    output.replaceChildren(this.say(unit, { n: value }), " ", note);
  }

  /** @param {string} name @param {number | undefined} value */
  field(name, value) {
    const field = /** @type {HTMLInputElement} */ (this.find(`input[name=${name}]`));
    if (field !== document.activeElement || !field.hasAttribute("aria-invalid")) field.value = value === undefined ? "" : String(Number(value.toPrecision(6)));
  }

  /** The run of the demo model, if there was one, and the file it makes. @param {OwnDevice} device */
  showRun(device) {
    const { run, efficiencies } = device;
    this.find("[data-run]").hidden = this.find("[data-file]").hidden = !run;
    this.find("[name=export]").toggleAttribute("disabled", !run);
    this.find("[data-export-note]").textContent = this.say(run ? "export-ready" : "export-needs-run");
    if (!run) return;
    this.find("[data-run-caption]").textContent = this.say("run-of", { date: run.date, isl: String(run.prompt_tokens), osl: String(run.generated_tokens) });
    for (const [name, , unit] of PREDICTED) {
      const { value, low, high, error } = run.predicted[name];
      const [shown, from, to, measured] = [value, low, high, run[name]].map((one) => this.number(one));
      this.find(`[data-before=${name}]`).textContent = this.say(unit, { n: this.say("with-range", { value: shown, range: `${from}–${to}` }) });
      this.find(`[data-measured=${name}]`).textContent = this.say(unit, { n: measured });
      this.find(`[data-off=${name}]`).textContent = `${error > 0 ? "+" : ""}${this.number(error * 100)}%`.replace("-", "−");
    }
    const list = EFFICIENCIES.flatMap((name) => (efficiencies?.[name] ? [this.say(name, { n: this.number(efficiencies[name]) })] : []));
    this.find("[data-run-note]").textContent = list.length ? this.say("recalibrated", { date: run.date, list: list.join(this.say("list-separator")) }) : "";
    this.find("[data-file-text]").textContent = measurementFile(device, run).text;
  }

  /** Asks the engine for the predicted speed of the demo model. */
  async predict() {
    if (this.predicting) return;
    this.predicting = true;
    const place = this.find("[data-predict-status]");
    place.textContent = this.say("predicting");
    try {
      const { served, request, lang } = this.settings;
      const found = await predictRun(served, request, lang);
      this.find("[data-predicted]").hidden = !found;
      for (const [name, id] of PREDICTED) {
        const predicted = found?.results[name], output = this.find(`output[name=${id}]`);
        output.dataset.value = String(predicted?.value ?? "");
        output.textContent = predicted?.range_text ? this.say("with-range", { value: predicted.text, range: predicted.range_text }) : predicted?.text ?? "";
      }
      place.textContent = "";
    } catch (error) {
      place.textContent = this.say("predict-failed", { reason: reasonOf(error, (...why) => this.say(...why)) });
    }
    this.predicting = false;
  }

  export() {
    const { device } = this;
    if (!device?.run) return;
    const { name, text } = measurementFile(device, device.run);
    download(name, "application/yaml", text);
  }
}

customElements.define("device-probe", DeviceProbe);
