/* 朗读本页: the browser's own voice reads what stands in the page's main part, sentence by sentence.
   A pause is kept by sentence, because phones that pause a voice seldom go on where they stopped. */
(function () {
  'use strict';

  var button = document.getElementById('read-aloud');
  var main = document.getElementById('main');
  var voice = window.speechSynthesis;
  if (!button || !main || !voice || !window.SpeechSynthesisUtterance) { return; }

  var SKIP = 'nav, script, style, svg, [aria-hidden=true], [hidden], .vh, .chart__twin, .no-read, input, select, textarea';
  var BLOCK = 'h1, h2, h3, p, li, dt, dd, legend, label, button, summary, th, td, caption, figcaption, .btn';
  var sentences = [];
  var next = 0;
  var turn = 0; /* a cancelled sentence still reports its end: only the latest turn may go on */

  function isShown(node) {
    return node.getClientRects().length > 0 && getComputedStyle(node).visibility !== 'hidden';
  }

  /* Own words of each block in reading order; a block inside another begins a new sentence. */
  function collect() {
    var found = [''];
    (function walk(node) {
      if (node.nodeType === 3) { found[found.length - 1] += node.nodeValue.replace(/\s+/g, ' '); return; }
      if (node.nodeType !== 1 || node.matches(SKIP) || !isShown(node)) { return; }
      var isBlock = node.matches(BLOCK);
      if (isBlock) { found.push(''); }
      Array.prototype.forEach.call(node.childNodes, walk);
      if (isBlock) { found.push(''); }
    }(main));
    return found.join('\n').split(/\n|[。！？；]|[.!?;]\s/)
      .map(function (text) { return text.trim(); })
      .filter(function (text) { return /[^\s·,.:;，。：；、]/.test(text); });
  }

  function show(label, isReading) {
    button.textContent = button.getAttribute('data-' + label);
    button.setAttribute('aria-pressed', isReading ? 'true' : 'false');
  }

  function read() {
    var mine = turn;
    if (next >= sentences.length) { next = 0; show('read', false); return; }
    var words = new window.SpeechSynthesisUtterance(sentences[next]);
    words.lang = document.documentElement.lang;
    words.rate = 0.9;
    words.onend = function () { if (mine === turn) { next += 1; read(); } };
    words.onerror = function () { if (mine === turn) { turn += 1; show(next ? 'go-on' : 'read', false); } };
    voice.speak(words);
  }

  function stop() {
    turn += 1;
    voice.cancel();
  }

  button.addEventListener('click', function () {
    if (button.getAttribute('aria-pressed') === 'true') {
      stop();
      show('go-on', false);
      return;
    }
    if (!next) { sentences = collect(); }
    stop(); /* whatever another page left in the queue */
    show('pause', true);
    read();
  });

  window.addEventListener('pagehide', stop);
  button.hidden = false;
}());
