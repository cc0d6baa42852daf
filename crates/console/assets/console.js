// What helps where scripts run: copying, and showing a password. Pages do without.
// A button copies its own text, or what stands under an id on the page.
for (const button of document.querySelectorAll("[data-copy], [data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = button.textContent;
    const { copy, copies } = button.dataset;
    try {
      await navigator.clipboard.writeText(copy ?? document.getElementById(copies).textContent);
      button.textContent = "Copied";
      button.dispatchEvent(new Event("copied", { bubbles: true }));
    } catch {
      button.textContent = "Copy it by hand";
    }
    setTimeout(() => { button.textContent = said; }, 1500);
  });
}

for (const box of document.querySelectorAll("[data-shows]")) {
  box.closest("label").hidden = false;
  box.addEventListener("change", () => {
    for (const id of box.dataset.shows.split(" ")) {
      document.getElementById(id).type = box.checked ? "text" : "password";
    }
  });
}

// A code that is complete needs no click.
for (const input of document.querySelectorAll("input[data-submits]")) {
  input.addEventListener("input", () => {
    if (/^\d{6}$/.test(input.value.trim())) input.form.requestSubmit();
  });
}

// Security keys and passkeys: the page holds what the browser is to ask for, and the form takes the answer back.
for (const form of document.querySelectorAll("form[data-webauthn]")) {
  const button = form.querySelector("[data-asks]");
  const says = form.querySelector("[data-says]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
      says.textContent = "This browser knows no security keys. Use a newer one, or another device.";
      return;
    }
    const options = JSON.parse(form.dataset.options);
    const asked = options.publicKey ?? options;
    button.disabled = true;
    says.textContent = "Waiting for your key…";
    try {
      const credential = form.dataset.webauthn === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
      form.elements.response.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (error) {
      button.disabled = false;
      says.textContent = error.name === "InvalidStateError"
        ? "This key is registered already."
        : "The key was not used, or it took too long. Try again.";
    }
  });
}

// What is shown once is not left by accident: the browser asks, until it was downloaded or copied.
if (document.querySelector("[data-once]")) {
  const ask = (event) => event.preventDefault();
  addEventListener("beforeunload", ask);
  for (const taken of ["submit", "copied"]) {
    addEventListener(taken, (event) => {
      if (event.target.closest("[data-takes]")) removeEventListener("beforeunload", ask);
    });
  }
}

for (const button of document.querySelectorAll("[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// How long a document is, as it is typed. White space does not count.
for (const area of document.querySelectorAll("textarea[data-counts]")) {
  const shown = document.getElementById(area.dataset.counts);
  area.addEventListener("input", () => { shown.textContent = area.value.replace(/\s/g, "").length; });
}

// What an address will be, as its last part is typed.
for (const input of document.querySelectorAll("input[data-previews]")) {
  const shown = document.getElementById(input.dataset.previews);
  const before = shown.textContent;
  input.addEventListener("input", () => { shown.textContent = input.value || before; });
}

// The menu of narrow screens closes by Escape, and the keyboard goes on where it was opened.
const menu = document.querySelector("details.menu");
menu?.closest("header").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// The editor of policies brings its own script, where there is one.
if (document.querySelector("[data-editor]")) import("./editor.js");
