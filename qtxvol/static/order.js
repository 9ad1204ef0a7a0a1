/* The order's page: fields that only count beside one choice, and how many people are chosen. Works without. */
(function () {
  'use strict';

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  function named(form, name) {
    return all('input', form).filter(function (input) { return input.name === name; });
  }

  function showFor(group) {
    var chosen = named(group.form, group.getAttribute('data-shown-by')).some(function (input) {
      return input.checked && input.value === group.getAttribute('data-shown-for');
    });
    group.hidden = !chosen && !group.hasAttribute('data-stays');
  }

  function count(output) {
    var chosen = named(output.form, output.getAttribute('data-chosen-of')).filter(function (input) { return input.checked; }).length;
    var text = output.getAttribute(chosen === 0 ? 'data-none' : chosen === 1 ? 'data-one' : 'data-many');
    output.textContent = text.replace('#', chosen);
  }

  function refresh(form) {
    all('[data-shown-by]', form).forEach(showFor);
    all('[data-chosen-of]', form).forEach(count);
  }

  document.addEventListener('change', function (event) {
    if (event.target.form) { refresh(event.target.form); }
  });
  window.addEventListener('pageshow', function () { refresh(document); });
  refresh(document);

  /* the leader's check-in code: the next one when this one ends, and at once after the phone was asleep */
  var shown = document.querySelector('[data-again-in]');
  if (shown) {
    var until = Date.now() + shown.getAttribute('data-again-in') * 1000;
    setTimeout(function () { location.reload(); }, until - Date.now());
    document.addEventListener('visibilitychange', function () {
      if (!document.hidden && Date.now() > until) { location.reload(); }
    });
  }
}());
