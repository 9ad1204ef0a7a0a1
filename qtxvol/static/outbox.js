/* qtxvol: what was filled in without a line waits here, on this phone, until it has arrived: once.
   Pages and the service worker (sw.js) share this file and the store behind it.

   An entry: id (the form's own key, by which the server knows a repeat), kind ('order' or 'form'), url, fields (pairs),
   account (who was signed in when it was kept, '' for nobody), label, page, at, tries, next (not before), and
   state: 'waiting', 'signin' (waits for its account), 'sent' or 'done' (arrived), 'fix' or 'refused' (says why not). */
(function (scope) {
  'use strict';

  var STORE = 'outbox';
  var WEEK = 7 * 24 * 3600 * 1000;
  var FIRST_WAIT = 5 * 1000;
  var LONGEST_WAIT = 15 * 60 * 1000;
  var PATIENCE = 30 * 1000;
  var SHORT_PATIENCE = 6 * 1000;

  /* What is never kept: made anew when it is sent, or not for a phone to hold. */
  var LEFT_OUT = ['csrf_token', 'photos', 'website', 'go', 'screen'];

  function open() {
    return new Promise(function (resolve, reject) {
      var request = scope.indexedDB.open('qtxvol', 1);
      request.onupgradeneeded = function () { request.result.createObjectStore(STORE, { keyPath: 'id' }); };
      request.onsuccess = function () { resolve(request.result); };
      request.onerror = function () { reject(request.error); };
    });
  }

  /* One transaction; resolves with the answer of the request that `work` makes, once all of it is on the disk. */
  function within(mode, work) {
    return open().then(function (db) {
      return new Promise(function (resolve, reject) {
        var transaction = db.transaction(STORE, mode);
        var request = work(transaction.objectStore(STORE));
        transaction.oncomplete = function () { db.close(); resolve(request.result); };
        transaction.onerror = transaction.onabort = function () { db.close(); reject(transaction.error); };
      });
    });
  }

  function put(entry) { return within('readwrite', function (store) { return store.put(entry); }); }

  function get(id) { return within('readonly', function (store) { return store.get(id); }); }

  function remove(id) { return within('readwrite', function (store) { return store.delete(id); }); }

  function isOver(entry) { return ['sent', 'done', 'refused'].indexOf(entry.state) >= 0; }

  /* All entries, oldest first. What is over is forgotten after a week; what waits never is. */
  function all() {
    return within('readonly', function (store) { return store.getAll(); }).then(function (entries) {
      var kept = entries.filter(function (entry) {
        if (isOver(entry) && Date.now() - entry.at > WEEK) { remove(entry.id); return false; }
        return true;
      });
      return kept.sort(function (one, other) { return one.at - other.at; });
    });
  }

  function newKey() {
    var bytes = new Uint8Array(16);
    scope.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (byte) { return ('0' + byte.toString(16)).slice(-2); }).join('');
  }

  /* The texts of a form as pairs. Files stay behind, a browser can't keep them for later. */
  function pairs(data) {
    var found = [];
    data.forEach(function (value, name) {
      if (typeof value === 'string' && LEFT_OUT.indexOf(name) < 0) { found.push([name, value]); }
    });
    return found;
  }

  function valueOf(fields, name) {
    for (var i = 0; i < fields.length; i += 1) {
      if (fields[i][0] === name) { return fields[i][1]; }
    }
    return '';
  }

  /* Put something into the box. Kept again under the same key, the newer words replace the older. */
  function keep(entry) {
    var key = valueOf(entry.fields, 'key') || newKey();
    if (!valueOf(entry.fields, 'key')) {
      entry.fields = entry.fields.filter(function (pair) { return pair[0] !== 'key'; }).concat([['key', key]]);
    }
    entry.id = key;
    entry.at = Date.now();
    entry.state = 'waiting';
    entry.tries = entry.next = 0;
    return put(entry).then(function () { return entry; });
  }

  /* fetch that gives up: on a dying line an answer may never come. */
  function ask(url, options, patience) {
    var stop = 'AbortController' in scope ? new AbortController() : null;
    if (stop) { options.signal = stop.signal; }
    options.credentials = 'same-origin';
    options.cache = 'no-store';
    return new Promise(function (resolve, reject) {
      var timer = setTimeout(function () {
        if (stop) { stop.abort(); }
        reject(new Error('no answer'));
      }, patience || PATIENCE);
      fetch(url, options).then(function (response) {
        return response.text().then(function (text) {
          clearTimeout(timer);
          resolve({ status: response.status, headers: response.headers, path: new URL(response.url).pathname, text: text });
        });
      }).catch(function (error) { clearTimeout(timer); reject(error); });
    });
  }

  /* A token of the session that there is now. Whatever stands in the way of a line answers something else: no line. */
  function askToken(url) {
    return ask(url, { headers: { Accept: 'application/json' } }).then(function (answer) {
      var pass = JSON.parse(answer.text);
      if (!pass.csrf_token) { throw new Error('no token'); }
      return pass;
    });
  }

  /* Is there a line, whatever the phone believes? */
  function hasLine(healthUrl) {
    if (scope.navigator.onLine === false) { return Promise.resolve(false); }
    return ask(healthUrl, {}, SHORT_PATIENCE).then(function (answer) {
      return JSON.parse(answer.text).status === 'ok';
    }).catch(function () { return false; });
  }

  function postTo(entry, pass) {
    var body = new URLSearchParams();
    entry.fields.forEach(function (pair) { body.append(pair[0], pair[1]); });
    body.append('csrf_token', pass.csrf_token);
    if (entry.kind === 'order') { body.append('account', entry.account || ''); }
    return ask(entry.url, { method: 'POST', body: body, headers: { Accept: entry.kind === 'order' ? 'application/json' : 'text/html' } });
  }

  /* The sentences of a page: what it says first aloud (role alert or status), or its heading. There is no DOM in a worker. */
  function sentencesOf(html, role) {
    var spoken = new RegExp('<(p|div|section)\\b[^>]*\\brole="' + role + '"[^>]*>([\\s\\S]*?)</\\1>', 'g');
    var text = '';
    for (var found = spoken.exec(html); found && !text; found = spoken.exec(html)) { text = wordsOf(found[2]); }
    if (!text) {
      found = /<h1\b[^>]*>([\s\S]*?)<\/h1>/.exec(html);
      text = found ? wordsOf(found[1]) : '';
    }
    return text ? [text] : [];
  }

  function wordsOf(html) {
    var text = html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim();
    return text.replace(/&(lt|gt|quot|#34|#39|amp);/g, function (_all, name) {
      return { lt: '<', gt: '>', quot: '"', '#34': '"', '#39': "'", amp: '&' }[name];
    });
  }

  function later(entry, seconds) {
    entry.state = 'waiting';
    entry.tries += 1;
    entry.next = Date.now() + (seconds ? seconds * 1000 : Math.min(FIRST_WAIT * Math.pow(2, entry.tries - 1), LONGEST_WAIT));
  }

  function judgeOrder(entry, answer) {
    var said = JSON.parse(answer.text);  // not JSON: nobody of ours has answered
    entry.sentences = said.sentences || [];
    if (said.number) {
      entry.state = 'sent';
      entry.number = said.spoken;
      entry.link = said.link;
      entry.fields = [];  // it has arrived: name and telephone need not lie on the phone any longer
    } else {
      entry.state = 'fix';
      entry.screen = said.screen || 3;
    }
  }

  function judgeForm(entry, answer, loginPath) {
    if (answer.status === 401 || (answer.status < 300 && answer.path === loginPath)) {
      entry.state = 'signin';
    } else if (answer.status < 300) {
      entry.state = 'done';
      entry.sentences = sentencesOf(answer.text, 'status');
      entry.fields = [];
    } else {
      entry.state = 'refused';
      entry.sentences = sentencesOf(answer.text, 'alert');
    }
  }

  /* Resolves with false when there is no line: then the others need not be tried. */
  function deliver(entry, pass, where, isSecondTry) {
    return postTo(entry, pass).then(function (answer) {
      if (answer.status === 400 && !isSecondTry) {  // the session has changed since the token was made
        return askToken(where.token).then(function (fresh) { return deliver(entry, fresh, where, true); });
      }
      if (answer.status === 429) {
        later(entry, parseInt(answer.headers.get('Retry-After'), 10) || 60);
      } else if (answer.status >= 500 || answer.status === 400) {
        later(entry);
      } else if (entry.kind === 'order') {
        judgeOrder(entry, answer);
      } else {
        judgeForm(entry, answer, where.login);
      }
      return true;
    }).catch(function () { later(entry); return false; }).then(function (hasLine) {
      return get(entry.id).then(function (stored) {
        // kept anew meanwhile with other words: those are sent next, and the server says what became of the first
        return stored && stored.at !== entry.at ? null : put(entry);
      }).then(function () { return hasLine; });
    });
  }

  function sendAll(where, isForced) {
    return all().then(function (entries) {
      var due = entries.filter(function (entry) {
        return entry.state === 'signin' || (entry.state === 'waiting' && (isForced || entry.next <= Date.now()));
      });
      if (!due.length) { return null; }
      return askToken(where.token).then(function (pass) {
        return due.reduce(function (before, entry) {
          return before.then(function (hasLine) {
            if (!hasLine) { return false; }
            if (entry.kind === 'form' && entry.account !== pass.account) {
              entry.state = 'signin';
              entry.isOther = Boolean(pass.account);
              return put(entry).then(function () { return true; });
            }
            return deliver(entry, pass, where, false);
          });
        }, Promise.resolve(true));
      }, function () {
        return Promise.all(due.map(function (entry) {
          if (entry.state === 'waiting') { later(entry); }
          return put(entry);
        }));
      });
    });
  }

  /* Two tabs and the worker wait for each other where the browser can do that; where not, the key makes it one order. */
  function alone(work) {
    var locks = scope.navigator && scope.navigator.locks;
    return locks ? locks.request('qtxvol-outbox', work) : work();
  }

  /* Send what is due, oldest first. `where` has the addresses `token` and `login`; `isForced` does not wait any longer.
     Resolves with all entries as they are afterwards. */
  function send(where, isForced) {
    return alone(function () { return sendAll(where, isForced); }).then(all);
  }

  scope.qtxvolOutbox = {
    all: all, askToken: askToken, hasLine: hasLine, isOver: isOver, keep: keep, newKey: newKey, pairs: pairs, put: put, remove: remove, send: send, valueOf: valueOf
  };
}(self));
