// Sends files one by one and shows how far each is; renews a page on which something still waits.
// Without this script the form sends all files at once and the page renews itself.
"use strict";

(() => {
  const REFRESH_MS = 3000;
  let renewing = false;

  const item = (list, name) => {
    const line = document.createElement("li");
    const label = document.createElement("span");
    label.textContent = name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", name);
    const said = document.createElement("small");
    line.append(label, bar, said);
    list.append(line);
    return { bar, said, line };
  };

  const send = (form, file, shown) =>
    new Promise((done) => {
      const body = new FormData(form);
      body.delete("files");
      body.append("files", file, file.name);
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) shown.bar.value = event.loaded / event.total;
      });
      request.addEventListener("load", () => {
        let answer = {};
        try {
          answer = JSON.parse(request.responseText);
        } catch {
          // A proxy answered; what it says is not for the reader.
        }
        const good = request.status === 201;
        shown.bar.value = 1;
        shown.line.className = good ? "done" : "failed";
        shown.said.textContent = good
          ? form.dataset.done
          : (answer.refused || [form.dataset.failed]).join(" ");
        done(good);
      });
      request.addEventListener("error", () => {
        shown.line.className = "failed";
        shown.said.textContent = form.dataset.failed;
        done(false);
      });
      shown.said.textContent = form.dataset.sending;
      request.send(body);
    });

  const renew = async () => {
    renewing = true;
    const old = document.querySelector("[data-refresh]");
    if (!old) {
      renewing = false;
      return;
    }
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(old.id);
      if (fresh && old.dataset.refresh === "page" && !("refresh" in fresh.dataset)) {
        location.reload(); // More stands on the page than was there before.
        return;
      }
      if (answer.ok && fresh && !old.contains(document.activeElement)) old.replaceWith(fresh);
    } catch {
      // The network may be back the next time.
    }
    setTimeout(renew, REFRESH_MS);
  };

  const form = document.querySelector("form[data-upload]");
  if (form) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const input = form.querySelector("input[type=file]");
      const button = form.querySelector("button");
      const list = form.querySelector(".uploads");
      const files = [...input.files];
      button.disabled = true;
      list.replaceChildren();
      const lines = files.map((file) => item(list, file.name));
      let came = 0;
      for (const [place, file] of files.entries()) {
        if (await send(form, file, lines[place])) came += 1;
      }
      button.disabled = false;
      input.value = "";
      const deliveries = document.getElementById("deliveries");
      if (came && deliveries) {
        deliveries.setAttribute("data-refresh", "");
        if (!renewing) renew();
      }
    });
  }
  if (document.querySelector("[data-refresh]")) setTimeout(renew, REFRESH_MS);
})();
