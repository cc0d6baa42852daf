// What helps where scripts run: copying, and showing a password. Pages do without.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
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
