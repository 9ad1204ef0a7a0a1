/* qtxvol without a line: drafts, the offline order form, and what waits in the outbox. Every page works without this file. */
(function () {
  'use strict';

  var here = document.currentScript.dataset;
  var box = window.qtxvolOutbox;
  var root = document.documentElement;
  var main = document.getElementById('main');
  var savedAt = parseInt(root.dataset.savedAt, 10) || 0;
  var isDesk = document.body.classList.contains('desk');
  var isLive = here.account !== undefined && !savedAt;  // straight from the server, for whoever is signed in now
  var DRAFT = 'qtxvol-draft';
  var WEEK = 7 * 24 * 3600 * 1000;
  var PAGE_AGE = 12 * 3600 * 1000;
  var RECENT = 30 * 60 * 1000;

  function say(name) { return here['say' + name.charAt(0).toUpperCase() + name.slice(1)] || ''; }

  /* Not form.elements[name]: the field `item` has the name of a method there. */
  function fieldOf(form, name) { return form.elements.namedItem(name); }

  function byId(id) { return document.getElementById(id); }

  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text) { node.textContent = text; }
    return node;
  }

  function two(number) { return (number < 10 ? '0' : '') + number; }

  function timeWords(moment) {
    var then = new Date(moment);
    var clock = two(then.getHours()) + ':' + two(then.getMinutes());
    if (then.toDateString() === new Date().toDateString()) { return clock; }
    return (then.getMonth() + 1) + '/' + then.getDate() + ' ' + clock;
  }

  function dayText(moment) { return moment.getFullYear() + '-' + two(moment.getMonth() + 1) + '-' + two(moment.getDate()); }

  /* Storage may be shut (private window, full phone): then nothing is kept, and nothing breaks. */
  function recall(name) { try { return localStorage.getItem(name); } catch (error) { return null; } }

  function note(name, value) { try { localStorage.setItem(name, value); return true; } catch (error) { return false; } }

  function forget(name) { try { localStorage.removeItem(name); } catch (error) { return; } }

  /* Whose phone it is just now. Kept pages do not know; the last live page did. */
  function account() { return isLive ? here.account : recall('qtxvol-account') || ''; }

  /* --- Somebody else: what belongs to the person before goes. --- */

  function greet() {
    if (!isLive) { return; }
    var before = recall('qtxvol-account');
    note('qtxvol-account', here.account);
    if (before === null || before === here.account) { return; }
    if (window.caches) { caches.delete('qtxvol-personal'); }
    box.all().then(function (entries) {
      entries.forEach(function (entry) {
        if (entry.kind === 'form' && box.isOver(entry) && entry.account !== here.account) { box.remove(entry.id); }
      });
    }).catch(function () { return null; });
  }

  /* --- The service worker. --- */

  function startWorker() {
    var workers = navigator.serviceWorker;
    if (!workers || !window.isSecureContext || !here.worker) { return; }
    workers.addEventListener('message', function (event) {
      if (event.data.type === 'outbox') { showBox(); }
      if (event.data.type === 'refreshed') { note('qtxvol-view', event.data.view); }
    });
    window.addEventListener('load', function () {
      workers.register(here.worker, { scope: here.root }).then(function (registration) {
        var isNew = !registration.active;  // it has just fetched them
        return workers.ready.then(function (ready) { refreshPages(ready, isNew); });
      }).catch(function () { return null; });
    });
  }

  /* The kept pages speak the language, and have the look, of the page that was opened last. */
  function refreshPages(registration, isNew) {
    var look = [root.lang, root.className.replace(/\bjs\b/, '').trim(), document.querySelector('link[rel=stylesheet]').href].join(' ');
    var known = (recall('qtxvol-view') || '').split('\n');
    if (!isLive || (known[0] === look && Date.now() - Number(known[1]) < PAGE_AGE)) { return; }
    var view = look + '\n' + Date.now();
    if (isNew) { note('qtxvol-view', view); } else { registration.active.postMessage({ type: 'refresh', view: view }); }
  }

  function askToSync() {
    var workers = navigator.serviceWorker;
    if (!workers || !workers.controller || !('SyncManager' in window)) { return; }
    workers.ready.then(function (registration) { return registration.sync.register('qtxvol-outbox'); })
      .catch(function () { return null; });
  }

  /* --- Drafts: one, the newest, on this phone only. --- */

  function readDraft() {
    var draft = null;
    try { draft = JSON.parse(recall(DRAFT)); } catch (error) { draft = null; }
    if (!draft || !draft.fields) { return null; }
    if (Date.now() - draft.at > WEEK || (draft.account && draft.account !== account())) {
      forget(DRAFT);
      return null;
    }
    return draft;
  }

  /* Consent is given for what stands before one's eyes, not for what may be filled in some day. */
  function draftFields(form) {
    return box.pairs(new FormData(form)).filter(function (pair) { return pair[0] !== 'consent'; });
  }

  function isWorthKeeping(fields) {
    return fields.some(function (pair) {
      return pair[1] && ['key', 'requester_kind', 'urgency'].indexOf(pair[0]) < 0;
    });
  }

  function watchDraft(form) {
    var offer = byId('draft-offer');
    var line = byId('draft-note');
    var isFresh = form.hasAttribute('data-fresh');
    var isOff = false;
    var timer = null;

    function save() {
      clearTimeout(timer);
      var fields = draftFields(form);
      if (isOff || !isWorthKeeping(fields)) { return; }
      var screen = fieldOf(form, 'screen') ? fieldOf(form, 'screen').value : '1';
      if (note(DRAFT, JSON.stringify({ at: Date.now(), account: account(), screen: screen, fields: fields }))) { line.hidden = false; }
    }

    function saveSoon() {
      if (!offer.hidden) { return; }  // the older one is not lost by a stray tap; sending the screen decides
      clearTimeout(timer);
      timer = setTimeout(save, 400);
    }

    form.addEventListener('input', saveSoon);
    form.addEventListener('change', saveSoon);
    form.addEventListener('submit', save);
    document.addEventListener('visibilitychange', function () {
      if (document.visibilityState === 'hidden' && (timer || !isFresh) && offer.hidden) { save(); }
    });
    byId('draft-clear').addEventListener('click', function () {
      isOff = true;
      forget(DRAFT);
      offer.hidden = true;
      var text = byId('draft-text');
      text.textContent = text.dataset.gone;
      byId('draft-clear').hidden = true;
    });
    byId('draft-anew').addEventListener('click', function () {
      forget(DRAFT);
      offer.hidden = true;
      var first = form.querySelector('input:not([type=hidden]), select, textarea');
      if (first) { first.focus(); }
    });
    if (readDraft()) { line.hidden = false; }
    return { save: save, stop: function () { isOff = true; clearTimeout(timer); forget(DRAFT); } };
  }

  function offerDraft(draft, goOn) {
    var offer = byId('draft-offer');
    var when = byId('draft-when');
    when.textContent = when.dataset.text.replace('{time}', timeWords(draft.at));
    offer.hidden = false;
    byId('draft-go-on').addEventListener('click', function () { goOn(draft); });
  }

  /* Open the normal form with all of it. Its last step checks what stands before: with `isChecked` the screen says what is wrong. */
  function reopen(fields, screen, isChecked) {
    return box.askToken(here.token).then(function (pass) {
      var form = make('form');
      form.method = 'post';
      form.action = here.order;
      form.hidden = true;
      var steps = { 1: ['2', 'back'], 2: ['3', 'back'], 3: ['2', 'next'] };
      var step = isChecked ? [String(screen), screen === 3 ? 'send' : 'next'] : steps[screen] || steps[1];
      fields.concat([['csrf_token', pass.csrf_token], ['screen', step[0]], ['go', step[1]]]).forEach(function (pair) {
        var input = make('input');
        input.type = 'hidden';
        input.name = pair[0];
        input.value = pair[1];
        form.appendChild(input);
      });
      document.body.appendChild(form);
      form.submit();
    });
  }

  function startDrafts() {
    if (document.querySelector('[data-draft-done]') || (location.pathname.indexOf(here.root + 't/') === 0 && /^\?new=1/.test(location.search))) {
      forget(DRAFT);
    }
    var form = document.querySelector('form[data-draft]');
    if (!form) { return; }
    var drafts = watchDraft(form);
    if (form.id === 'offline-form') { startOfflineForm(form, drafts); return; }
    var draft = readDraft();
    if (!form.hasAttribute('data-fresh')) { drafts.save(); } else if (draft) {
      offerDraft(draft, function () {
        reopen(draft.fields, Number(draft.screen), false).catch(function () { location.href = here.offlineOrder; });
      });
    }
    document.addEventListener('submit', function (event) {
      if (event.target !== form || event.defaultPrevented) { return; }
      event.preventDefault();
      sendWithLine(form, event.submitter || pressed, function () {
        if (!readDraft()) { tell(form, say('cannot')); } else if (hasWorker()) { location.href = here.offlineOrder; } else { tell(form, say('noLine')); }
      });
    });
  }

  function hasWorker() { return Boolean(navigator.serviceWorker && navigator.serviceWorker.controller); }

  /* Send a form as the browser does, once it is sure that there is a line; `otherwise` when there is none. qtxvol.js has put the
     buttons to sleep meanwhile. */
  function sendWithLine(form, button, otherwise) {
    box.hasLine(here.health).then(function (has) {
      if (!has) { wake(form); otherwise(); return; }
      if (button && button.form === form && button.name) {
        var input = make('input');
        input.type = 'hidden';
        input.name = button.name;
        input.value = button.value;
        input.setAttribute('data-added', '');
        form.appendChild(input);
      }
      form.submit();
    });
  }

  function wake(form) {
    all('[data-added]', form).forEach(function (input) { input.parentNode.removeChild(input); });
    all('[data-sent]', form).forEach(function (button) {
      button.disabled = false;
      button.classList.remove('is-busy');
      button.removeAttribute('data-sent');
    });
  }

  window.addEventListener('pageshow', function () { all('form').forEach(function (form) { if (form.querySelector('[data-added]')) { wake(form); } }); });

  /* A sentence above a form's last button. */
  function tell(form, text) {
    var line = form.querySelector('[data-told]') || make('p', 'note note--warn');
    line.setAttribute('data-told', '');
    line.setAttribute('role', 'alert');
    line.textContent = text;
    form.insertBefore(line, form.querySelector('.sticky-bar'));
  }

  /* --- The order form on one page. --- */

  function startOfflineForm(form, drafts) {
    var asked = new URLSearchParams(location.search);

    function setKey(key) { fieldOf(form, 'key').value = key || box.newKey(); }

    function fill(fields) {
      fields.forEach(function (pair) {
        var field = fieldOf(form, pair[0]);
        if (!field || ['key', 'screen', 'consent'].indexOf(pair[0]) >= 0) { return; }
        if (pair[0] === 'quick') {
          all('[name=quick]', form).forEach(function (box) { if (box.value === pair[1]) { box.checked = true; } });
        } else if (field.type === 'checkbox') { field.checked = true; } else { field.value = pair[1]; }
      });
      fillTimes(form, fields);
      setKey(box.valueOf(fields, 'key'));
      showItems(form);
    }

    all('input[type=date]', form).forEach(function (field) { field.min = dayText(new Date()); });
    form.addEventListener('change', function (event) {
      if (event.target.name === 'audience') { showItems(form); }
    });
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      var faults = findFaults(form);
      showFaults(form, faults);
      if (!faults.length) { keepOrder(form, drafts); }
    }, true);
    byId('has-line').hidden = navigator.onLine === false;
    setKey('');
    fill([['audience', asked.get('audience') || ''], ['item', asked.get('item') || ''], ['division_code', asked.get('community') || '']]);

    var draft = readDraft();
    if (!draft) { return; }
    // just typed by whoever holds the phone; what is older may be somebody else's
    if (Date.now() - draft.at < RECENT) { fill(draft.fields); } else {
      offerDraft(draft, function () { byId('draft-offer').hidden = true; fill(draft.fields); });
    }
  }

  /* The normal form's ticked half-days are typed ones here. In the server's order, so that the same times are the same order. */
  function fillTimes(form, fields) {
    var slots = ['morning', 'afternoon', 'evening'];
    var times = fields.filter(function (pair) { return pair[0] === 'windows' && pair[1].indexOf(':') > 0; }).map(function (pair) {
      return { day: pair[1].split(':')[0], slot: pair[1].split(':')[1] };
    }).sort(function (one, other) {
      return one.day < other.day ? -1 : one.day > other.day ? 1 : slots.indexOf(one.slot) - slots.indexOf(other.slot);
    });
    for (var row = 1; fieldOf(form, 'day_' + row); row += 1) {
      var day = box.valueOf(fields, 'day_' + row);
      if (day) {
        times.push({
          day: day, slot: box.valueOf(fields, 'slot_' + row),
          from: box.valueOf(fields, 'from_' + row), to: box.valueOf(fields, 'to_' + row)
        });
      }
    }
    times.forEach(function (time, index) {
      ['day', 'slot', 'from', 'to'].forEach(function (part) {
        var field = fieldOf(form, part + '_' + (index + 1));
        if (field) { field.value = time[part] || ''; }
      });
    });
    if (times.length > 3) { byId('more-days').open = true; }
  }

  /* Only what suits the chosen audience. */
  function showItems(form) {
    var audience = fieldOf(form, 'audience').value;
    all('#item .choices-group', form).forEach(function (group) {
      var shown = all('.choice', group).filter(function (label) {
        var suits = !label.dataset.for || label.dataset.for.split(' ').indexOf(audience) >= 0;
        label.hidden = !suits;
        if (!suits) { label.querySelector('input').checked = false; }
        return suits;
      });
      group.hidden = !shown.length;
    });
    byId('item').hidden = !audience;
  }

  /* What the phone can check by itself; the server checks everything once more. Pairs of a field's name and a sentence. */
  function findFaults(form) {
    var sentences = JSON.parse(form.dataset.sentences);
    var today = dayText(new Date());
    var faults = [];

    function value(name) {
      var field = fieldOf(form, name);
      return field.type === 'checkbox' ? field.checked && 'y' : field.value.trim();
    }
    function need(name, sentence) { if (!value(name)) { faults.push([name, sentence || sentences[name]]); } }
    function digits(name) { return (value(name).normalize('NFKC').match(/\d/g) || []).join(''); }

    need('audience');
    if (value('audience')) { need('item'); }
    if (value('item') === form.dataset.free) { need('wish'); }
    need('division_code');
    need('venue');
    var hasDay = false;
    for (var row = 1; fieldOf(form, 'day_' + row); row += 1) {
      var day = value('day_' + row);
      if (day) {
        hasDay = true;
        if (day < today) { faults.push(['day_' + row, sentences.past]); }
        if (!value('from_' + row) && !value('to_' + row)) { need('slot_' + row, sentences.slot); }
      }
    }
    if (!hasDay && !form.querySelector('[name=quick]:checked')) { faults.push(['day_1', sentences.day]); }
    if (value('requester_kind') !== 'resident') { need('organisation'); }
    need('headcount');
    var heads = Number(value('headcount').normalize('NFKC'));
    if (value('headcount') && !(heads >= 1 && heads <= Number(form.dataset.most) && heads % 1 === 0)) {
      faults.push(['headcount', sentences.number]);
    }
    need('contact_name');
    need('contact_phone');
    if (value('contact_phone') && (digits('contact_phone').length < 7 || digits('contact_phone').length > 15)) {
      faults.push(['contact_phone', sentences.phone]);
    }
    need('consent');
    return faults;
  }

  function showFaults(form, faults) {
    var summary = byId('offline-summary');
    var list = summary.querySelector('ul');
    list.textContent = '';
    all('.field-error', form).forEach(function (line) { line.parentNode.removeChild(line); });
    all('.field--bad', form).forEach(function (field) { field.classList.remove('field--bad'); });
    all('[aria-invalid]', form).forEach(function (control) { control.removeAttribute('aria-invalid'); });
    faults.forEach(function (fault) {
      var named = all('[name="' + fault[0] + '"]', form).filter(function (one) { return !one.closest('[hidden]'); })[0];
      var field = named.closest('.field');
      var line = make('p', 'field-error', fault[1]);
      line.id = fault[0] + '-fault';
      field.classList.add('field--bad');
      named.setAttribute('aria-invalid', 'true');
      named.setAttribute('aria-describedby', ((byId(fault[0] + '-hint') ? fault[0] + '-hint ' : '') + line.id));
      var below = named;
      while (below.parentNode !== field) { below = below.parentNode; }
      field.insertBefore(line, below);
      var link = make('a', '', fault[1]);
      link.href = '#' + named.id;
      list.appendChild(make('li')).appendChild(link);
    });
    summary.hidden = !faults.length;
    if (faults.length) { summary.focus(); }
  }

  function labelOf(form) {
    var item = form.querySelector('[name=item]:checked');
    var text = item ? item.closest('label').querySelector('.choice__text').firstChild.textContent.trim() : '';
    return [text, fieldOf(form, 'venue').value.trim()].join(' · ');
  }

  function keepOrder(form, drafts) {
    box.keep({
      kind: 'order', url: here.place, account: account(), label: labelOf(form), page: here.offlineOrder,
      fields: box.pairs(new FormData(form))
    }).then(function () {
      drafts.stop();
      byId('offline-fill').hidden = true;
      byId('offline-done').hidden = false;
      byId('offline-done').focus();
      window.scrollTo(0, 0);
      askToSync();
      return showBox();
    }).then(function () { return sendBox(true); }).catch(function () { tell(form, say('cannot')); });
  }

  /* --- Forms of the team that may wait for a line. --- */

  /* What stands above the form, and what it does. */
  function titleOf(form) {
    var group = form.closest('[aria-labelledby]');
    var title = group && byId(group.getAttribute('aria-labelledby'));
    var button = form.querySelector('[type=submit]');
    return form.dataset.keepOffline || [title, button].filter(Boolean).map(function (node) { return node.textContent.trim(); }).join(' · ');
  }

  function startKeptForms() {
    document.addEventListener('submit', function (event) {
      var form = event.target;
      var button = event.submitter || pressed;
      if (!form.hasAttribute('data-keep-offline') || event.defaultPrevented) { return; }
      event.preventDefault();
      // a saved page has no token of its own, and may be older than what has happened since: its forms go by the box
      if (savedAt) {
        setTimeout(function () { wake(form); keepForm(form, button); }, 0);
      } else {
        sendWithLine(form, button, function () { keepForm(form, button); });
      }
    });
  }

  function keepForm(form, button) {
    var data = new FormData(form);
    var typed = all('textarea', form).map(function (field) { return field.value.trim(); }).filter(Boolean);
    var hasFiles = all('input[type=file]', form).some(function (field) { return field.files.length; });
    if (button && button.form === form && button.name) { data.append(button.name, button.value); }
    box.keep({
      kind: 'form', url: form.action, fields: box.pairs(data), account: account(), typed: typed,
      label: titleOf(form), page: location.pathname + location.search,
      sentences: hasFiles ? [say('noPhotos')] : []
    }).then(function () {
      askToSync();
      return showBox();
    }).then(function () {
      byId('kept').scrollIntoView();
      byId('kept').focus();
      return sendBox(true);
    }).catch(function () { window.alert(say('cannot')); });
  }

  /* --- The list of what was kept, and sending it. --- */

  var TONES = { waiting: 'wait', signin: 'wait', sent: 'good', done: 'good', fix: 'bad', refused: 'bad' };
  var WORDS = { waiting: 'waiting', signin: 'waiting', sent: 'sent', done: 'done', fix: 'fix', refused: 'refused' };
  var timer = null;

  function button(text, kind, act) {
    var node = make('button', 'btn btn--' + kind, text);
    node.type = 'button';
    node.addEventListener('click', act);
    return node;
  }

  function link(text, url) {
    var node = make('a', 'btn btn--secondary', text);
    node.href = url;
    return node;
  }

  function correct(entry) {
    note(DRAFT, JSON.stringify({ at: Date.now(), account: entry.account, screen: String(entry.screen), fields: entry.fields }));
    reopen(entry.fields, entry.screen, true).then(function () { return box.remove(entry.id); }).catch(showBox);
  }

  function reasons(entry) {
    if (entry.state === 'signin') { return [say(entry.isOther ? 'other' : 'signin')].concat(entry.sentences || []); }
    if (entry.state === 'waiting') { return [say('waitingWhy')].concat(entry.sentences || []); }
    return entry.sentences || [];
  }

  function buttons(entry) {
    var found = [];
    if (entry.state === 'sent' && entry.link) { found.push(link(say('follow'), entry.link)); }
    if (entry.state === 'fix') { found.push(button(say('change'), 'primary', function () { correct(entry); })); }
    if (entry.state === 'waiting') { found.push(button(say('send'), 'secondary', function () { sendBox(true); })); }
    if (entry.state === 'signin') { found.push(link(say('login'), here.login + '?next=' + encodeURIComponent(new URL(entry.page, location.href).pathname))); }
    if ((entry.state === 'done' || entry.state === 'refused') && entry.page) { found.push(link(say('look'), entry.page)); }
    found.push(button(say('away'), 'quiet', function () { box.remove(entry.id).then(showBox); }));
    return found;
  }

  function line(entry) {
    var item = make('li', 'card card--quiet');
    var head = item.appendChild(make('p'));
    head.appendChild(make('span', 'badge badge--' + TONES[entry.state], say(WORDS[entry.state])));
    head.appendChild(document.createTextNode(' '));
    head.appendChild(make('strong', entry.number ? 'number' : '', entry.number || entry.label));
    var about = entry.number ? entry.label + ' · ' : '';
    item.appendChild(make('p', 'soft', about + say('at').replace('{time}', timeWords(entry.at))));
    reasons(entry).forEach(function (text) { item.appendChild(make('p', '', text)); });
    if (entry.state === 'refused' && entry.typed && entry.typed.length) {
      item.appendChild(make('p', 'kept', say('typed') + '\n' + entry.typed.join('\n')));
    }
    var row = item.appendChild(make('p', 'row'));
    buttons(entry).forEach(function (node) { row.appendChild(node); });
    return item;
  }

  function isShownHere(entry) {
    if (here.account === undefined) { return true; }
    return entry.kind === 'form' ? isDesk && (!isLive || entry.account === here.account || !box.isOver(entry)) : !isDesk;
  }

  function listPlace() {
    var place = byId('kept') || main.insertBefore(make('div'), main.firstChild);
    place.id = 'kept';
    place.className = 'card';
    place.tabIndex = -1;
    place.setAttribute('role', 'region');
    place.setAttribute('aria-live', 'polite');
    place.setAttribute('aria-label', say('title'));
    return place;
  }

  function showBox() {
    if (!window.indexedDB) { return Promise.resolve(); }
    return box.all().then(function (entries) {
      var shown = entries.filter(isShownHere);
      if (!shown.length && !byId('kept')) { return; }
      var place = listPlace();
      place.hidden = !shown.length;
      place.textContent = '';
      place.appendChild(make('h2', '', say('title')));
      var list = place.appendChild(make('ul', 'tiles'));
      shown.forEach(function (entry) { list.appendChild(line(entry)); });
      wakeLater(entries);
    }).catch(function () { return null; });
  }

  function sendBox(isForced) {
    if (!window.indexedDB || navigator.onLine === false) { return Promise.resolve(); }
    return box.send(here, isForced).then(showBox).catch(function () { return null; });
  }

  function wakeLater(entries) {
    clearTimeout(timer);
    var next = entries.filter(function (entry) { return entry.state === 'waiting'; }).map(function (entry) { return entry.next; });
    if (next.length) {
      timer = setTimeout(sendBox, Math.max(1000, Math.min.apply(null, next) - Date.now()), false);
    }
  }

  function showState() {
    if (savedAt) {
      var banner = main.insertBefore(make('p', 'note note--warn', say('saved').replace('{time}', timeWords(savedAt))), main.firstChild);
      banner.setAttribute('role', 'status');
    }
    if (root.dataset.postFailed) {
      byId('post-failed').hidden = false;
      byId('retry').hidden = true;
    }
    var day = byId('saved-day');
    if (day && window.caches) { caches.has('qtxvol-personal').then(function (has) { day.hidden = !has; }); }
  }

  window.addEventListener('online', function () { sendBox(true); });
  document.addEventListener('visibilitychange', function () {
    if (document.visibilityState === 'visible') { showBox().then(function () { return sendBox(false); }); }
  });

  greet();
  startWorker();
  showState();
  startDrafts();
  startKeptForms();
  showBox().then(function () { return sendBox(true); });
}());
