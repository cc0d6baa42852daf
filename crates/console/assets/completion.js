// Completion of what stands in a policy's quotes: elements, actions, condition keys and operators.
// A text area may have no other role, so the list is told by aria-activedescendant alone.

const ELEMENTS = ["Version", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition", "Allow", "Deny"];
const MOST = 8;

let loading;
function load(address) {
  loading ??= fetch(address).then((answer) => answer.json()).then((words) => [
    ...ELEMENTS.map((name) => [name, ""]),
    ...words.actions,
    ...words.keys.map((name) => [name, "Condition key"]),
    ...words.operators.map((name) => [name, "Operator"]),
  ]);
  return loading;
}

/** What was typed of the text in quotes that the caret stands at the end of. */
function typed(area) {
  if (area.selectionStart !== area.selectionEnd) return null;
  const line = area.value.slice(area.value.lastIndexOf("\n", area.selectionEnd - 1) + 1, area.selectionEnd);
  const quotes = line.match(/"/g)?.length ?? 0;
  return quotes % 2 === 1 ? line.slice(line.lastIndexOf('"') + 1) : null;
}

/** Lets a text area complete what the list at this address has. */
export function completes(area, address) {
  const list = document.createElement("ul");
  list.id = `${area.id}-words`;
  list.className = "words";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Completions");
  list.hidden = true;
  area.parentElement.append(list);
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", list.id);
  let active = -1;
  let taking = false;

  function close() {
    list.hidden = true;
    list.replaceChildren();
    active = -1;
    area.removeAttribute("aria-activedescendant");
  }

  function choose(place) {
    const all = [...list.children];
    active = (place + all.length) % all.length;
    all.forEach((item, at) => item.setAttribute("aria-selected", String(at === active)));
    area.setAttribute("aria-activedescendant", all[active].id);
    all[active].scrollIntoView({ block: "nearest" });
  }

  function take(word) {
    const begun = typed(area) ?? "";
    const end = area.selectionEnd;
    area.setSelectionRange(end - begun.length, end);
    taking = true;
    // Unlike setRangeText, this can be undone.
    if (!document.execCommand("insertText", false, word)) area.setRangeText(word, end - begun.length, end, "end");
    taking = false;
    close();
  }

  function place() {
    const style = getComputedStyle(area);
    const before = area.value.slice(0, area.selectionEnd).split("\n");
    const height = Number.parseFloat(style.lineHeight);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const left = pen.measureText(before.at(-1)).width - area.scrollLeft + area.offsetLeft + Number.parseFloat(style.paddingLeft);
    const most = area.offsetLeft + area.clientWidth - list.offsetWidth;
    list.style.left = `${Math.max(0, Math.min(left, most))}px`;
    list.style.top = `${area.offsetTop + before.length * height - area.scrollTop + Number.parseFloat(style.paddingTop) + 4}px`;
  }

  async function open(least) {
    const begun = typed(area);
    if (begun === null || begun.length < least) return close();
    const words = await load(address).catch(() => []);
    if (typed(area) !== begun) return;
    const folded = begun.toLowerCase();
    const found = words.filter(([word]) => word.toLowerCase().startsWith(folded) && word !== begun).slice(0, MOST);
    if (found.length === 0) return close();
    list.replaceChildren(...found.map(([word, kind], at) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${at}`;
      item.setAttribute("role", "option");
      const name = document.createElement("code");
      name.textContent = word;
      const of = document.createElement("span");
      of.className = "soft";
      of.textContent = kind;
      item.append(name, of);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(word); });
      return item;
    }));
    list.hidden = false;
    choose(0);
    place();
  }

  area.addEventListener("input", () => { if (!taking) open(2); });
  area.addEventListener("blur", close);
  // A long line scrolls as it is typed, and the list goes along.
  const follow = () => { if (!list.hidden) place(); };
  area.addEventListener("scroll", follow);
  addEventListener("resize", follow);
  area.addEventListener("keydown", (event) => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      open(0);
      return;
    }
    if (list.hidden) return;
    const moves = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (moves) choose(active + moves);
    else if (event.key === "Enter") take(list.children[active].firstElementChild.textContent);
    else if (event.key === "Escape") close();
    else {
      if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) close();
      return;
    }
    event.preventDefault();
  });
}
