// What pages do beyond links and forms. Every page works without it.
(function () {
  "use strict";

  // The viewer's time zone, for times on the next page.
  var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && document.cookie.indexOf("muster_zone=" + encodeURIComponent(zone)) < 0) {
    document.cookie = "muster_zone=" + encodeURIComponent(zone) + ";path=/;max-age=31536000;samesite=lax";
  }

  // The menu is open on wide screens, and a drawer on a phone.
  var menu = document.querySelector("[data-menu]");
  var wide = window.matchMedia("(min-width: 992px)");
  function fit() { if (menu) menu.open = wide.matches; }
  wide.addEventListener("change", fit);
  fit();

  document.addEventListener("click", function (e) {
    var copy = e.target.closest("[data-copy]");
    if (copy) {
      navigator.clipboard.writeText(copy.getAttribute("data-copy")).then(function () {
        copy.classList.add("copied");
        setTimeout(function () { copy.classList.remove("copied"); }, 1200);
      });
    }
    var add = e.target.closest("[data-add]");
    if (add) {
      var from = document.getElementById(add.getAttribute("data-add"));
      var row = from.content.cloneNode(true);
      add.closest("[data-rows]").querySelector("[data-list]").appendChild(row);
      changed(add);
    }
    var drop = e.target.closest("[data-drop]");
    if (drop) {
      var form = drop.form;
      drop.closest("[data-row]").remove();
      if (form) form.dispatchEvent(new Event("change", { bubbles: true }));
    }
    var move = e.target.closest("[data-move]");
    if (move) {
      var item = move.closest("[data-row]");
      if (move.getAttribute("data-move") === "up" && item.previousElementSibling) {
        item.parentNode.insertBefore(item, item.previousElementSibling);
      } else if (move.getAttribute("data-move") === "down" && item.nextElementSibling) {
        item.parentNode.insertBefore(item.nextElementSibling, item);
      }
      move.focus();
    }
  });

  function changed(el) {
    if (el.form || el.closest("form")) {
      (el.form || el.closest("form")).dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  // The mapping: what the chosen attribute holds, and what a new field for it
  // would be called and be.
  document.addEventListener("change", function (e) {
    if (e.target.name === "from" || e.target.name === "to") describe(e.target.closest("[data-row]"), true);
  });
  function describe(row, offer) {
    var from = row && row.querySelector("[name=from]"), to = row && row.querySelector("[name=to]");
    if (!from) return;
    var about = from.value && document.querySelector('[data-attribute="' + CSS.escape(from.value) + '"]');
    var line = row.querySelector("[data-help-line]");
    if (line) line.textContent = about ? about.getAttribute("data-help") : "";
    var name = row.querySelector("[name=new_name]"), type = row.querySelector("[name=new_type]");
    if (!offer || !name || !about || to.value !== "new") return;
    if (!name.value || name.value === name.getAttribute("data-offered")) {
      name.value = about.getAttribute("data-name");
      name.setAttribute("data-offered", name.value);
      type.value = about.getAttribute("data-type");
    }
  }
  document.querySelectorAll("#mapping-form [data-row]").forEach(function (row) { describe(row, false); });

  // Rows with a grip are dragged into another order, which is sent when they are
  // dropped. The arrows beside them do the same for everybody else.
  document.querySelectorAll("[data-order]").forEach(function (list) {
    var dragged = null;
    list.querySelectorAll("[data-item]").forEach(function (row) {
      var grip = row.querySelector(".grip");
      if (!grip) return;
      grip.draggable = true;
      grip.addEventListener("dragstart", function (e) {
        dragged = row;
        row.classList.add("dragged");
        e.dataTransfer.effectAllowed = "move";
        e.dataTransfer.setData("text/plain", row.getAttribute("data-item"));
        e.dataTransfer.setDragImage(row, 10, 10);
      });
      grip.addEventListener("dragend", function () {
        row.classList.remove("dragged");
        dragged = null;
      });
      row.addEventListener("dragover", function (e) {
        if (!dragged || dragged === row) return;
        e.preventDefault();
        var box = row.getBoundingClientRect();
        list.insertBefore(dragged, e.clientY > box.top + box.height / 2 ? row.nextSibling : row);
      });
    });
    list.addEventListener("dragover", function (e) { if (dragged) e.preventDefault(); });
    list.addEventListener("drop", function (e) {
      if (!dragged) return;
      e.preventDefault();
      var order = Array.prototype.map.call(list.querySelectorAll("[data-item]"), function (r) { return r.getAttribute("data-item"); });
      var form = document.createElement("form");
      form.method = "post";
      form.action = list.getAttribute("data-order");
      var input = document.createElement("input");
      input.type = "hidden";
      input.name = "order";
      input.value = order.join(",");
      form.appendChild(input);
      document.body.appendChild(form);
      form.submit();
    });
  });

  // Acts that cannot be taken back ask first.
  document.addEventListener("submit", function (e) {
    var text = e.submitter && e.submitter.getAttribute("data-confirm") || e.target.getAttribute("data-confirm");
    if (text && !window.confirm(text)) e.preventDefault();
    else {
      var clear = e.target.getAttribute("data-clear");
      if (clear) document.querySelector(clear).replaceChildren();
      // A form is sent once; a script that sends it stays in charge of its buttons.
      setTimeout(function () {
        if (e.defaultPrevented || e.target.method !== "post" || !e.submitter) return;
        e.submitter.disabled = true;
        setTimeout(function () { e.submitter.disabled = false; }, 8000);
      }, 0);
    }
  });

  // Steps of a guide that are ticked off stay so in this browser.
  function tickKey(box) { return "muster-tick:" + window.location.pathname + ":" + box.getAttribute("data-tick"); }
  document.querySelectorAll("[data-tick]").forEach(function (box) {
    try {
      if (window.localStorage.getItem(tickKey(box)) === "yes") box.checked = true;
      box.addEventListener("change", function () { window.localStorage.setItem(tickKey(box), box.checked ? "yes" : "no"); });
    } catch (e) { /* a browser that keeps nothing */ }
  });

  // A part that arrives with somewhere to go takes the page there; one that
  // arrives for another place is put there.
  new MutationObserver(function () {
    var part = document.querySelector("template[data-for]");
    if (part) {
      var place = document.querySelector(part.getAttribute("data-for"));
      if (place) place.replaceChildren(part.content.cloneNode(true));
      part.remove();
    }
    var go = document.querySelector("[data-go]");
    if (go) { go.removeAttribute("data-go"); window.location.replace(go.href); }
  }).observe(document.body, { childList: true, subtree: true });

  // Lists: what can be done to many shows once some are selected.
  document.documentElement.classList.add("scripted");
  function picked(form) {
    var n = form.querySelectorAll("input[name=id]:checked").length;
    var many = form.querySelector(".many");
    if (!many) return;
    many.classList.toggle("picked", n > 0);
    many.querySelector("[data-many-count]").textContent = n + " selected:";
  }
  document.addEventListener("change", function (e) {
    var form = e.target.closest("[data-many]");
    if (form) {
      if (e.target.matches("[data-all]")) {
        form.querySelectorAll("input[name=id]").forEach(function (box) { box.checked = e.target.checked; });
      }
      picked(form);
    }
  });
  document.querySelectorAll("[data-many]").forEach(picked);
  document.addEventListener("input", function (e) {
    if (e.target.matches("[data-sets-on]")) {
      e.target.closest(".many-field").querySelector("[data-on]").checked = true;
    }
  });

  // Only one panel of a list is open, and Escape or a click elsewhere closes it.
  function shut(except) {
    document.querySelectorAll("details.drop[open]").forEach(function (d) { if (d !== except) d.open = false; });
  }
  document.addEventListener("click", function (e) { shut(e.target.closest("details.drop")); });
  document.addEventListener("keydown", function (e) {
    var d = e.key === "Escape" && document.querySelector("details.drop[open]");
    if (d) { d.open = false; d.querySelector("summary").focus(); }
  });

  // The camera reads codes: with what the browser brings along, which takes bar
  // codes too, else with a script that is fetched for it. The field below always works.
  var scan = document.querySelector("[data-scan]");
  if (scan && !window.isSecureContext) scan.querySelector("[data-scan-insecure]").hidden = false;
  if (scan && navigator.mediaDevices) {
    var video = scan.querySelector("video"), start = scan.querySelector("[data-scan-start]"), fault = scan.querySelector("[data-scan-fault]");
    start.hidden = false;
    var reader = function () {
      var own = "BarcodeDetector" in window ? window.BarcodeDetector.getSupportedFormats() : Promise.resolve([]);
      return own.then(function (formats) {
        if (formats.indexOf("qr_code") < 0) return fetched();
        var detector = new window.BarcodeDetector();
        return function () { return detector.detect(video).then(function (codes) { return codes.length ? codes[0].rawValue : ""; }); };
      });
    };
    var fetched = function () {
      return new Promise(function (resolve, reject) {
        var script = document.createElement("script");
        script.src = scan.getAttribute("data-scan");
        script.onerror = reject;
        script.onload = function () {
          var canvas = document.createElement("canvas"), picture = canvas.getContext("2d", { willReadFrequently: true });
          resolve(function () {
            if (!video.videoWidth) return Promise.resolve("");
            var scale = Math.min(1, 800 / Math.max(video.videoWidth, video.videoHeight));
            canvas.width = video.videoWidth * scale;
            canvas.height = video.videoHeight * scale;
            picture.drawImage(video, 0, 0, canvas.width, canvas.height);
            var found = window.jsQR(picture.getImageData(0, 0, canvas.width, canvas.height).data, canvas.width, canvas.height);
            return Promise.resolve(found ? found.data : "");
          });
        };
        document.head.appendChild(script);
      });
    };
    start.addEventListener("click", function () {
      fault.textContent = "";
      start.disabled = true;
      Promise.all([navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }), reader()]).then(function (both) {
        var stream = both[0], read = both[1];
        start.hidden = true;
        video.hidden = false;
        video.srcObject = stream;
        video.play();
        (function look() {
          read().then(function (code) {
            if (!code) { setTimeout(look, 200); return; }
            stream.getTracks().forEach(function (t) { t.stop(); });
            window.location.href = "/scan?code=" + encodeURIComponent(code);
          }, function () { setTimeout(look, 500); });
        })();
      }, function () {
        start.disabled = false;
        fault.textContent = "The camera cannot be used. Allow it for this page in your browser, or type the code.";
      });
    });
  }

  if (document.querySelector("[data-print]")) window.print();

  // "/" goes to the search field.
  document.addEventListener("keydown", function (e) {
    if (e.key === "/" && !/^(input|textarea|select)$/i.test(document.activeElement.tagName)) {
      var search = document.querySelector("[data-search]");
      if (search) { e.preventDefault(); search.focus(); }
    }
  });
})();
