// Token ids of chats by the real transformers.js tokenizer: node tokenize.mjs MODEL_DIR < {chats, texts} > {chats, texts, decoded}
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { AutoTokenizer, env } from "@huggingface/transformers";

const folder = resolve(process.argv[2]);
env.allowRemoteModels = false;
env.localModelPath = dirname(folder) + "/";
const tokenizer = await AutoTokenizer.from_pretrained(basename(folder));
const { chats, texts } = JSON.parse(readFileSync(0, "utf8"));
const ids = texts.map((text) => tokenizer.encode(text));
process.stdout.write(JSON.stringify({
  chats: chats.map((messages) => tokenizer.apply_chat_template(messages, { add_generation_prompt: true, return_tensor: false, return_dict: false })),
  texts: ids,
  decoded: ids.map((list) => tokenizer.decode(list)),
}));
