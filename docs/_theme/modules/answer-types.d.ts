// The reply of the engine (calculators/worker.py) as the pages get it.

export interface Result {
  value: unknown;
  unit: string;
  text: string;
  low?: number;
  high?: number;
  range_text?: string;
}

export interface Axis {
  label: string;
  scale?: "log" | "linear";
  ticks: { value: number; text: string }[];
  low: number;
  high: number;
}

/** What every chart has; the rest depends on its kind (see answer-charts.js). */
export interface Chart {
  id: string;
  kind: "lines" | "tornado" | "stack" | "map";
  title: string;
  summary: string;
  head: string[];
  rows: string[][];
  [more: string]: any;
}

/** A group of a chart of kind `map`. */
export interface MapGroup {
  id: string;
  label: string;
  chosen?: boolean;
  hops: { label: string; cells: { label: string; text: string; source_text?: string; known: boolean }[] }[];
}

export interface Block {
  kind: "h1" | "h2" | "p" | "ul" | "table";
  text?: string;
  items?: string[];
  head?: string[];
  rows?: string[][];
}

export interface Answer {
  inputs: Record<string, { value: unknown; text: string; given: boolean }>;
  results: Record<string, Result>;
  warnings: { id: string; text: string }[];
  versions: { engine: string; data: string };
  headline?: string;
  verdict?: string;
  reasons?: string[];
  changes?: string[];
  used?: Record<string, { value: unknown; field: string; note: string }>;
  charts?: Chart[];
  formulas?: { id: string; formula: string; inputs: Record<string, string>; text: string }[];
  share?: string;
  then?: string | null;
  memo?: { title: string; blocks: Block[]; markdown: string };
  error?: undefined;
}

export interface Refusal {
  error: { field: string; text: string };
}

export interface Request {
  command: string;
  presets: string[];
  scenario: Record<string, string>;
  lang: string;
  page?: boolean;
  explain?: boolean;
  /** The day that the memo names. */
  memo?: string;
  then?: { data: string; result: string };
}
