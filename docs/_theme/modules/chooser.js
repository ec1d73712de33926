// The root page: leads on to the language that was read last, else to the one the browser asks for. Without a match, or
// with ?choose, the page stays and lets the reader choose.
const languages = ["en", "ja"];

function remembered() {
  try {
    return localStorage.getItem("language");
  } catch {
    return null;
  }
}

const wanted = [remembered(), ...navigator.languages].map((tag) => tag?.split("-")[0] ?? "");
const found = wanted.find((tag) => languages.includes(tag));
if (found && !new URLSearchParams(location.search).has("choose")) location.replace(`./${found}/`);
