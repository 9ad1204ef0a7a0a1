/* Desks: keys for the list, several orders at once, numbers that stay fresh. Every page works without this file. */
(function () {
  'use strict';

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  /* --- Several orders: the bar comes when something is ticked, and says how many. --- */
  var bulk = document.getElementById('bulk');
  var ticks = bulk ? all('#orders tbody input[type=checkbox]') : [];
  var tickAll = document.getElementById('tick-all');

  function showTicked() {
    if (!bulk) { return; }
    var count = ticks.filter(function (tick) { return tick.checked; }).length;
    var button = bulk.querySelector('button[type=submit]');
    bulk.classList.toggle('is-on', count > 0);
    document.documentElement.classList.toggle('has-bulk', count > 0);
    button.textContent = button.dataset.label.replace('{n}', count);
    if (tickAll) {
      tickAll.checked = count > 0 && count === ticks.length;
      tickAll.indeterminate = count > 0 && count < ticks.length;
    }
  }

  function tickEach(isOn) {
    ticks.forEach(function (tick) { tick.checked = isOn; });
    showTicked();
  }

  if (bulk) {
    ticks.forEach(function (tick) { tick.addEventListener('change', showTicked); });
    if (tickAll) { tickAll.addEventListener('change', function () { tickEach(tickAll.checked); }); }
    document.getElementById('tick-page').addEventListener('click', function (event) {
      event.preventDefault();
      tickEach(true);
    });
    window.addEventListener('pageshow', showTicked);  /* a browser that comes back remembers the ticks */
    showTicked();
  }

  /* --- Keys: j and k walk, Enter opens because the link has the focus, x ticks, / searches, ? explains. --- */
  var KEYS = 'qtxvol-keys';
  var help = document.getElementById('keys');
  var keysSwitch = document.getElementById('keys-on');

  function remember(value) {
    try { window.localStorage.setItem(KEYS, value); } catch (error) { /* a private window forgets */ }
  }

  function areKeysOn() {
    try { return window.localStorage.getItem(KEYS) !== 'off'; } catch (error) { return true; }
  }

  if (keysSwitch) {
    keysSwitch.checked = areKeysOn();
    keysSwitch.addEventListener('change', function () { remember(keysSwitch.checked ? 'on' : 'off'); });
  }

  function isTyping(element) {
    return element.isContentEditable || (element.matches('input, select, textarea') &&
      element.type !== 'checkbox' && element.type !== 'radio');
  }

  function rowOf(element) {
    return element && element.closest ? element.closest('#orders tbody tr') : null;
  }

  function walk(step) {
    var links = all('#orders .orders__link');
    var row = rowOf(document.activeElement);
    var at = row ? links.indexOf(row.querySelector('.orders__link')) : -1;
    var next = at < 0 ? links[step > 0 ? 0 : links.length - 1] : links[at + step];
    if (!next) { return; }
    next.focus();
    next.scrollIntoView({block: 'nearest'});
  }

  function tickRow() {
    var row = rowOf(document.activeElement);
    var tick = row && row.querySelector('.orders__tick input');
    if (!tick) { return false; }
    tick.checked = !tick.checked;
    showTicked();
    return true;
  }

  /* Whoever only looks goes on where they were. */
  var cameFrom = null;

  function toggleHelp() {
    var summary = help.querySelector('summary');
    if (!help.open) { cameFrom = document.activeElement; }
    help.open = !help.open;
    if (help.open) { summary.focus(); return; }
    (cameFrom && cameFrom !== document.body ? cameFrom : summary).focus();
    cameFrom = null;
  }

  document.addEventListener('keydown', function (event) {
    /* where the help does not show, nobody could turn the keys off */
    if (!help || help.offsetParent === null || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) { return; }
    if (event.key === 'Escape' && help.open) { toggleHelp(); return; }
    if (!areKeysOn() || isTyping(event.target)) { return; }
    var inRow = rowOf(event.target);
    var done = true;
    switch (event.key) {
      case 'j': walk(1); break;
      case 'k': walk(-1); break;
      /* the arrows scroll the page until somebody walks in the list */
      case 'ArrowDown': if (inRow) { walk(1); } else { done = false; } break;
      case 'ArrowUp': if (inRow) { walk(-1); } else { done = false; } break;
      case 'x': done = tickRow(); break;
      case '/': document.getElementById('q').focus(); document.getElementById('q').select(); break;
      case '?': toggleHelp(); break;
      default: done = false;
    }
    if (done) { event.preventDefault(); }
  });

  /* --- The menu on a phone: where one is stands in the middle of its line. --- */
  var menu = document.getElementById('desk-menu');
  if (!menu) { return; }
  var strip = menu.querySelector('.side__strip');
  var here = strip.querySelector('.side__here');
  if (window.matchMedia('(max-width: 999px)').matches) {  // a group would push the page down
    all('.side__fold[open]', menu).forEach(function (fold) { fold.open = false; });
  }
  if (here && strip.scrollWidth > strip.clientWidth) {
    here.style.position = 'static';  // where it stands in the line, not where it sticks
    var left = here.offsetLeft;
    here.style.position = '';
    strip.scrollLeft = left - (strip.clientWidth - here.offsetWidth) / 2;
  }

  /* --- Fresh numbers: asked for while the page is looked at, less often when the line is bad, never after the end. --- */
  var EVERY = 30000;
  var SLOWEST = 300000;
  var wait = EVERY;
  var timer = null;
  var isOver = false;
  var title = document.title;
  var dismissed = '';
  var bar = null;

  /* There from the start: a screen reader only hears what changes in a region that it knows. */
  function makeBar() {
    bar = document.createElement('div');
    bar.className = 'news';
    bar.hidden = true;
    var region = document.createElement('div');
    region.setAttribute('role', 'status');
    region.setAttribute('aria-live', 'polite');
    region.appendChild(bar);
    document.querySelector('.frame__main').appendChild(region);
  }

  function say(text, linkText) {
    if (!bar.hidden && bar.dataset.text === text) { return; }
    bar.dataset.text = text;
    bar.textContent = '';
    if (linkText) {
      var words = document.createElement('span');
      words.className = 'news__text';
      words.textContent = text;
      bar.appendChild(words);
    }
    var link = document.createElement('a');
    link.href = window.location.href.split('#')[0];
    link.textContent = linkText || text;
    bar.appendChild(link);
    var close = document.createElement('button');
    close.type = 'button';
    close.textContent = menu.dataset.close;
    close.addEventListener('click', function () {
      dismissed = text;
      bar.hidden = true;
    });
    bar.appendChild(close);
    bar.hidden = false;
  }

  function showTitle(count) {
    document.title = count > 0 ? '(' + count + ') ' + title : title;
  }

  function show(answer) {
    all('[data-count]', menu).forEach(function (place) {
      var count = answer.counts[place.dataset.count];
      if (count === undefined) { return; }
      if (place.textContent !== String(count)) { place.textContent = count; }
      place.classList.toggle('side__count--none', !count);
    });
    showTitle(answer.counts[menu.dataset.waiting]);
    var shown = parseInt(menu.dataset.total, 10);
    if (isNaN(shown)) { return; }
    if (answer.fresh > 0 || answer.total !== shown) {
      if (answer.news !== dismissed) { say(answer.news); }
    } else {
      bar.hidden = true;
    }
  }

  function end() {
    isOver = true;
    clearTimeout(timer);
    say(menu.dataset.ended, menu.dataset.again);
  }

  function later() {
    clearTimeout(timer);
    if (!isOver && !document.hidden) { timer = setTimeout(ask, wait); }
  }

  function ask() {
    fetch(menu.dataset.counts, {credentials: 'same-origin', redirect: 'manual', headers: {Accept: 'application/json'}})
      .then(function (response) {
        /* to sign in again one is led elsewhere, and this is no place to follow */
        if (response.type === 'opaqueredirect' || response.status === 401 || response.status === 403) { end(); return null; }
        if (!response.ok) { throw new Error(response.status); }
        return response.json();
      })
      .then(function (answer) {
        if (!answer) { return; }
        wait = EVERY;
        show(answer);
      })
      .catch(function () { wait = Math.min(wait * 2, SLOWEST); })
      .then(later);
  }

  if (window.fetch) {
    makeBar();
    var first = menu.querySelector('[data-count="' + menu.dataset.waiting + '"]');
    showTitle(first ? parseInt(first.textContent, 10) : 0);
    document.addEventListener('visibilitychange', function () {
      if (document.hidden) { clearTimeout(timer); } else if (!isOver) { ask(); }
    });
    later();
  }
}());
