/* qtxvol: words that explain themselves. Without this file they are links to the page of words. */
(function () {
  'use strict';

  function tipOf(button) { return document.getElementById(button.getAttribute('aria-controls')); }

  function show(button, isOpen) {
    button.setAttribute('aria-expanded', isOpen ? 'true' : 'false');
    tipOf(button).hidden = !isOpen;
  }

  function eachOpen(act) {
    Array.prototype.slice.call(document.querySelectorAll('button.term[aria-expanded=true]')).forEach(act);
  }

  Array.prototype.slice.call(document.querySelectorAll('a.term[data-term]')).forEach(function (link) {
    var button = document.createElement('button');
    button.type = 'button';
    button.className = link.className;
    while (link.firstChild) { button.appendChild(link.firstChild); }
    button.setAttribute('aria-controls', link.dataset.term);
    button.setAttribute('aria-expanded', 'false');
    link.parentNode.replaceChild(button, link);
  });

  document.addEventListener('click', function (event) {
    var button = event.target.closest('button.term');
    if (!button) { return; }
    var isOpen = button.getAttribute('aria-expanded') === 'true';
    eachOpen(function (other) { show(other, false); });
    show(button, !isOpen);
  });

  /* Escape closes. Focus goes back to the word if it was inside its explanation, and stays where it is otherwise. */
  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Escape' && event.key !== 'Esc') { return; }
    eachOpen(function (button) {
      var wasInside = tipOf(button).contains(document.activeElement);
      show(button, false);
      if (wasInside) { button.focus(); }
    });
  });
}());
