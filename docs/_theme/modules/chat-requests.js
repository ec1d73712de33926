// Counts what the page and the model's worker ask of the network once the model is ready: it should be nothing.

export class RequestCounter {
  #page = 0;
  #worker = 0;
  /** @type {PerformanceObserver | undefined} */ #observer;

  /** @param {(count: number) => void} counted */
  constructor(counted) {
    this.counted = counted;
  }

  /** Begins at 0. */
  start() {
    this.end();
    const since = performance.now();
    this.#page = this.#worker = 0;
    this.#observer = new PerformanceObserver((list) => {
      this.#page += list.getEntries().filter((entry) => entry.startTime > since).length;
      this.counted(this.#page + this.#worker);
    });
    this.#observer.observe({ type: "resource" });
  }

  /** @param {number} count that the worker has told */
  ofWorker(count) {
    this.#worker = count;
    this.counted(this.#page + count);
  }

  end() {
    this.#observer?.disconnect();
  }
}
