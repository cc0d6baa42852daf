// A policy document, edited: numbers beside its lines, and what there is to say about them while somebody types.
import { completes } from "./completion.js";

const PAUSE = 500;

function make(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Goes to the beginning of a line. */
function goTo(area, line) {
  const before = area.value.split("\n").slice(0, line - 1);
  const at = before.reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(at, at);
  const height = Number.parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (line - 4) * height);
}

for (const field of document.querySelectorAll("[data-editor]")) {
  const area = field.querySelector("textarea");
  const gutter = make("div", "gutter");
  gutter.setAttribute("aria-hidden", "true");
  area.before(gutter);
  area.parentElement.classList.add("numbered");

  const said = make("p", "hint");
  said.setAttribute("aria-live", "polite");
  const list = make("ul", "found");
  field.append(said, list);

  let marks = new Map();
  function number() {
    const count = area.value.split("\n").length;
    while (gutter.childElementCount > count) gutter.lastElementChild.remove();
    while (gutter.childElementCount < count) gutter.append(make("span", "", gutter.childElementCount + 1));
    let line = 0;
    for (const shown of gutter.children) shown.className = marks.get(++line) ?? "";
    gutter.scrollTop = area.scrollTop;
  }

  function show(told) {
    said.textContent = told.said;
    refused = told.refused ?? false;
    const last = area.value.split("\n").length;
    marks = new Map();
    const items = told.findings.map((finding) => {
      const line = Math.min(finding.line, last);
      if (marks.get(line) !== "bad") marks.set(line, finding.class || "hint");
      const item = make("li", `remark ${finding.class}`);
      const button = make("button", "plain", `Line ${line}`);
      button.type = "button";
      button.addEventListener("click", () => goTo(area, line));
      item.append(make("span", `mark ${finding.class}`, finding.word), " ", button, ` ${finding.text}`);
      return item;
    });
    list.replaceChildren(...items);
    number();
  }

  let waiting;
  let asking;
  let refused = false;
  async function check() {
    if (refused) return;
    asking?.abort();
    asking = new AbortController();
    const body = new URLSearchParams({
      proof: area.form.elements.proof.value,
      kind: field.dataset.kind,
      document: area.value,
    });
    try {
      const answer = await fetch(field.dataset.editor, { method: "POST", body, signal: asking.signal });
      if (answer.headers.get("content-type") === "application/json") show(await answer.json());
    } catch {
      // The next key asks again, and the button checks without this.
    }
  }

  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  area.addEventListener("input", () => {
    // What a check found before is not about the text as it is now.
    const old = field.parentElement.querySelector("[data-was-checked]");
    if (old) old.hidden = true;
    number();
    clearTimeout(waiting);
    waiting = setTimeout(check, PAUSE);
  });
  number();
  completes(area, field.dataset.words);
}
