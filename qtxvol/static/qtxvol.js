/* qtxvol: small conveniences. Every page works without this file. */
(function () {
  'use strict';

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  /* A change of view (长辈版, language) on a page with a long form: what was typed goes along. */
  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-keeps] button[name]');
    var form = button && document.getElementById(button.form.dataset.keeps);
    if (!form) { return; }
    event.preventDefault();
    var wish = document.createElement('input');
    wish.type = 'hidden';
    wish.name = button.name;
    wish.value = button.value;
    form.appendChild(wish);
    form.action = button.form.action;
    form.submit();
  });

  /* A file too large or one too many: say so before the upload, in the field's own error line. */
  function fileComplaint(input) {
    var files = Array.prototype.slice.call(input.files || []);
    var maxMb = parseFloat(input.dataset.maxMb);
    var maxFiles = parseInt(input.dataset.maxFiles, 10);
    if (maxFiles && files.length > maxFiles) { return input.dataset.tooMany || ' '; }
    if (maxMb && files.some(function (file) { return file.size > maxMb * 1024 * 1024; })) { return input.dataset.tooBig || ' '; }
    return '';
  }

  function checkFiles(input) {
    var complaint = fileComplaint(input);
    var lines = all('.field-error', input.parentNode);
    var line = lines.filter(function (one) { return one.getAttribute('role') === 'alert'; })[0] || lines[0];
    if (line) {
      line.textContent = complaint;
      line.hidden = !complaint;
    }
    if (complaint) { input.setAttribute('aria-invalid', 'true'); } else { input.removeAttribute('aria-invalid'); }
    return !complaint;
  }

  var FILES = 'input[type=file][data-max-mb], input[type=file][data-max-files]';

  document.addEventListener('change', function (event) {
    if (event.target.matches(FILES)) { checkFiles(event.target); }
  });

  function wake(button) {
    button.disabled = false;
    button.classList.remove('is-busy');
    button.removeAttribute('data-sent');
  }

  /* A double tap sends once. The button is put to sleep after the event, so that its name and value still go. */
  document.addEventListener('submit', function (event) {
    var form = event.target;
    var bad = all(FILES, form).filter(function (input) { return !checkFiles(input); });
    if (bad.length) {
      event.preventDefault();
      bad[0].focus();
      return;
    }
    if (event.defaultPrevented || form.hasAttribute('data-again')) { return; }
    setTimeout(function () {
      all('button[type=submit], button:not([type]), input[type=submit]', form).forEach(function (button) {
        if (button.disabled) { return; }
        button.disabled = true;
        button.classList.add('is-busy');
        button.setAttribute('data-sent', '');
        setTimeout(function () { wake(button); }, 10000);
      });
    }, 0);
  });

  window.addEventListener('pageshow', function () { all('[data-sent]').forEach(wake); });

  function selectText(node) {
    if (node.select) { node.select(); return; }
    var range = document.createRange();
    range.selectNodeContents(node);
    var selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function copyBySelection(node) {
    selectText(node);
    try { return document.execCommand('copy'); } catch (error) { return false; }
  }

  function copied(button) {
    var before = button.textContent;
    if (!button.dataset.done) { return; }
    button.textContent = button.dataset.done;
    setTimeout(function () { button.textContent = before; }, 2500);
  }

  document.addEventListener('click', function (event) {
    var button = event.target.closest('[data-copy], [data-print]');
    if (!button) { return; }
    if (button.hasAttribute('data-print')) { window.print(); return; }
    var node = document.getElementById(button.dataset.copy);
    if (!node) { return; }
    var text = 'value' in node ? node.value : node.textContent.trim();
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(text).then(function () { copied(button); }, function () {
        if (copyBySelection(node)) { copied(button); }
      });
    } else if (copyBySelection(node)) {
      copied(button);
    }
  });

  /* What is folded for a phone stands open where there is room. */
  if (window.matchMedia && window.matchMedia('(min-width: 700px)').matches) {
    all('details[data-open-wide]').forEach(function (one) { one.open = true; });
  }

  /* Buttons that need this file are hidden until it runs. */
  document.documentElement.classList.add('js');
  var summary = document.getElementById('error-summary');
  if (summary) { summary.focus(); }
}());
