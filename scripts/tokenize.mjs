// Token ids by the page's own code: node tokenize.mjs MODEL_DIR < {chats?, texts?, ids?} > {chats, texts, decoded}
// `decoded`: the texts of `ids`, or of what the given texts became.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ChatText } from "../docs/_theme/modules/chat-text.js";

const names = ["tokenizer.json", "tokenizer_config.json"];
const text = new ChatText(new Map(names.map((name) => [name, readFileSync(join(process.argv[2], name))])));
const { chats = [], texts = [], ids } = JSON.parse(readFileSync(0, "utf8"));
const encoded = texts.map((/** @type {string} */ one) => text.encode(one));
process.stdout.write(JSON.stringify({
  chats: chats.map((/** @type {Parameters<ChatText["prompt"]>[0]} */ messages) => text.prompt(messages)), texts: encoded,
  decoded: (ids ?? encoded).map((/** @type {number[]} */ list) => text.decode(list)),
}));
