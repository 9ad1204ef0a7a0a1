/* qtxvol's service worker: answers when the line is down. The route /sw.js puts QTXVOL, the addresses, in front.

   Kept are: the page /offline and the order form /offline/order, which are the same for everybody; the team's day page,
   for its leader, until anybody signs in or out; and the style sheets, scripts and pictures that these need, by the hash
   in their addresses. No other page is kept. */
/* global QTXVOL, qtxvolOutbox */
'use strict';

importScripts(QTXVOL.outbox);

var FILES = 'qtxvol-files';
var PAGES = 'qtxvol-pages';
var PERSONAL = 'qtxvol-personal';
var ORDER_PATIENCE = 10 * 1000;
var DAY_PATIENCE = 6 * 1000;
var MOST_DAYS = 8;
var OLDEST_DAY = 48 * 3600 * 1000;

/* Files that a page names, with the hash of their content; the icons of the installed app are not for pages. */
function filesIn(html) {
  var found = html.match(/(?:href|src)="[^"]+\?v=[0-9a-f]+"/g) || [];
  return found.map(function (text) { return text.replace(/^[^"]*"|"$/g, ''); }).filter(function (url) {
    return url.indexOf(QTXVOL.static) === 0 && url.indexOf(QTXVOL.static + 'icons/') !== 0;
  });
}

function keepFiles(html) {
  return caches.open(FILES).then(function (cache) {
    return Promise.all(filesIn(html).map(function (url) {
      return cache.match(url).then(function (known) { return known || cache.add(url); });
    }));
  });
}

/* What no kept page names any more goes: a new release has brought its own. */
function sweepFiles() {
  var needed = [];
  return Promise.all([PAGES, PERSONAL].map(function (name) {
    return caches.has(name).then(function (has) { return has ? caches.open(name) : null; }).then(function (cache) {
      return cache && cache.keys().then(function (keys) {
        return Promise.all(keys.map(function (key) {
          return cache.match(key).then(function (page) { return page ? page.text() : ''; }).then(function (html) {
            needed = needed.concat(filesIn(html));
          });
        }));
      });
    });
  })).then(function () { return caches.open(FILES); }).then(function (cache) {
    return cache.keys().then(function (keys) {
      return Promise.all(keys.map(function (key) {
        var url = new URL(key.url);
        return needed.indexOf(url.pathname + url.search) < 0 ? cache.delete(key) : null;
      }));
    });
  });
}

function copyOf(response, html, more) {
  var headers = new Headers(response.headers);
  headers.delete('Content-Encoding');  // the text is unpacked already
  headers.delete('Content-Length');
  Object.keys(more).forEach(function (name) { headers.set(name, more[name]); });
  return new Response(html, { status: response.status, headers: headers });
}

function refreshPages() {
  return caches.open(PAGES).then(function (cache) {
    return Promise.all([QTXVOL.offline, QTXVOL.offlineOrder].map(function (url) {
      return fetch(url, { cache: 'no-cache', credentials: 'same-origin' }).then(function (response) {
        if (!response.ok || response.redirected) { throw new Error(url + ': ' + response.status); }
        return response.text().then(function (html) {
          return keepFiles(html).then(function () { return cache.put(url, copyOf(response, html, {})); });
        });
      });
    }));
  }).then(sweepFiles);
}

/* Say something to the page's script, in its first tag. */
function marked(response, attribute) {
  return response.text().then(function (html) {
    return copyOf(response, html.replace('<html ', '<html ' + attribute + ' '), {});
  });
}

function kept(url, attribute) {
  return caches.open(PAGES).then(function (cache) { return cache.match(url); }).then(function (page) {
    if (!page) { return Response.error(); }
    return attribute ? marked(page, attribute) : page;
  });
}

/* A token is of no use later, and a kept page must not be taken for a fresh one. */
function keepDay(url, response) {
  return response.text().then(function (html) {
    var plain = html.replace(/(name="csrf_token"[^>]*?value=")[^"]*/g, '$1');
    return keepFiles(plain).then(function () { return caches.open(PERSONAL); }).then(function (cache) {
      return cache.delete(url).then(function () {
        return cache.put(url, copyOf(response, plain, { 'X-Saved-At': String(Date.now()) }));
      }).then(function () { return cache.keys(); }).then(function (keys) {
        return Promise.all(keys.slice(0, -MOST_DAYS).map(function (key) { return cache.delete(key); }));
      });
    });
  });
}

function savedDay(url) {
  return caches.has(PERSONAL).then(function (has) { return has ? caches.open(PERSONAL) : null; }).then(function (cache) {
    return cache && cache.match(url).then(function (page) {
      if (!page) { return null; }
      var savedAt = Number(page.headers.get('X-Saved-At'));
      if (Date.now() - savedAt > OLDEST_DAY) { return cache.delete(url).then(function () { return null; }); }
      return marked(page, 'data-saved-at="' + savedAt + '"');
    });
  });
}

function fromNet(event) {
  if (!event.preloadResponse) { return fetch(event.request); }
  return event.preloadResponse.then(function (response) { return response || fetch(event.request); });
}

/* The answer of the net, or after `patience` milliseconds without one, or without a line, what `instead` has. */
function netOr(event, network, patience, instead) {
  var late = new Promise(function (resolve) { setTimeout(resolve, patience, null); });
  return Promise.race([network, late]).catch(function () { return null; }).then(function (response) {
    if (response) { return response; }
    return instead().then(function (saved) {
      if (saved && saved.type !== 'error') { return saved; }
      return network.catch(function () { return kept(QTXVOL.offline); });
    });
  });
}

function openDay(event, url) {
  var network = fromNet(event);
  event.waitUntil(network.then(function (response) {
    return response.ok && response.type === 'basic' && !response.redirected ? keepDay(url, response.clone()) : null;
  }).catch(function () { return null; }));
  return netOr(event, network, DAY_PATIENCE, function () { return savedDay(url); });
}

function navigate(event, url) {
  if (url.pathname === QTXVOL.day) { return openDay(event, url.pathname + url.search); }
  if (url.pathname === QTXVOL.order || url.pathname === QTXVOL.offlineOrder) {
    return netOr(event, fromNet(event), ORDER_PATIENCE, function () { return kept(QTXVOL.offlineOrder); });
  }
  return fromNet(event).catch(function () { return kept(QTXVOL.offline); });
}

self.addEventListener('install', function (event) {
  self.skipWaiting();
  event.waitUntil(refreshPages());
});

self.addEventListener('activate', function (event) {
  var preload = self.registration.navigationPreload;
  event.waitUntil(Promise.all([self.clients.claim(), preload ? preload.enable() : null]));
});

/* Forms go to the net by themselves: a page that came through the worker could not be gone back to. Whether there is a
   line is asked beforehand, by offline.js; here only a phone that knows of none is spared the browser's error page. */
function passForm(event, url) {
  if (url.pathname === QTXVOL.logout || url.pathname === QTXVOL.login) { event.waitUntil(caches.delete(PERSONAL)); }
  if (self.navigator.onLine === false) { event.respondWith(kept(QTXVOL.offline, 'data-post-failed="1"')); }
}

self.addEventListener('fetch', function (event) {
  var url = new URL(event.request.url);
  if (url.origin !== self.location.origin) { return; }
  if (event.request.mode === 'navigate' && event.request.method === 'POST') {
    passForm(event, url);
  } else if (event.request.mode === 'navigate') {
    event.respondWith(navigate(event, url));
  } else if (event.request.method === 'GET' && url.pathname.indexOf(QTXVOL.static) === 0) {
    event.respondWith(caches.open(FILES).then(function (cache) { return cache.match(event.request); }).then(function (file) {
      return file || fetch(event.request);
    }));
  }
});

/* A page was opened in another language or look, or the menu in the kept form has grown old. */
self.addEventListener('message', function (event) {
  if (!event.data || event.data.type !== 'refresh') { return; }
  event.waitUntil(refreshPages().then(function () {
    event.source.postMessage({ type: 'refreshed', view: event.data.view });
  }).catch(function () { return null; }));
});

self.addEventListener('sync', function (event) {
  if (event.tag !== 'qtxvol-outbox') { return; }
  event.waitUntil(qtxvolOutbox.send(QTXVOL, true).then(function (entries) {
    return self.clients.matchAll().then(function (pages) {
      pages.forEach(function (page) { page.postMessage({ type: 'outbox' }); });
      if (entries.some(function (entry) { return entry.state === 'waiting'; })) { throw new Error('not all sent'); }
    });
  }));
});
