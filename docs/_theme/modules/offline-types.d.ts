// What a service worker's global scope has and TypeScript's "dom" does not name; and what pages and worker tell each other.

export interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
export interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
export interface MessageToWorker extends ExtendableEvent {
  readonly data: Message;
  readonly ports: MessagePort[];
}
export interface WorkerScope {
  readonly clients: { claim(): Promise<void>; matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<unknown[]> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
  addEventListener(type: "message", listener: (event: MessageToWorker) => void): void;
}

/** offline.json. `files`: path -> bytes and hash, which is empty where a mirror may change the file. `needs`: what goes
 * with a file that was read: parts that it loads later, and what a worker fetches before the service worker is there. */
export interface List {
  id: string;
  modules: string;
  fallback: string[];
  needs: Record<string, string[]>;
  files: Record<string, [bytes: number, hash: string]>;
}
/** How keeping a file ended: "changed": the site has other bytes by now; "off": nothing is to be kept. */
export type Kept = "kept" | "full" | "network" | "changed" | "off";
export type Contents = [file: string, bytes: number, kept: boolean][];

export type Message =
  | { type: "build" }
  | { type: "start"; urls: string[] }
  | { type: "take-over"; build?: string }
  | { type: "contents" }
  | { type: "keep"; file: string }
  | { type: "titles"; lang: string }
  | { type: "forget" };
