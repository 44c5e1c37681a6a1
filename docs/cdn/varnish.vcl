# /etc/varnish/default.vcl: Varnish 7 as the CDN of a resizer gateway.

vcl 4.1;

import std;

backend gateway {
    .host = "127.0.0.1";
    .port = "8080";
    .connect_timeout = 2s;
    .first_byte_timeout = 40s;
    .probe = {
        .url = "/healthz";
        .interval = 1s;
        .timeout = 1s;
        .window = 2;
        .threshold = 1;
        .initial = 2;
    }
}

# Who may purge: the hosts that run `resizer flush` and `resizer watch`.
acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.restarts == 1) {
        # A copy too old for stale-while-revalidate: ask the gateway, which coalesces by itself.
        set req.grace = 0s;
        set req.hash_ignore_busy = true;
        return (hash);
    }
    if (req.restarts == 2) {
        # The gateway failed: the copy will do, as long as stale-if-error lets it.
        set req.grace = 365d;
        set req.hash_ignore_busy = false;
        return (hash);
    }
    # The gateway reads no query.
    set req.url = regsub(req.url, "\?.*$", "");
    if (req.method == "PURGE" || req.method == "BAN") {
        if (client.ip !~ purgers) {
            return (synth(403, "Not allowed"));
        }
        if (req.method == "PURGE") {
            return (purge);
        }
        call ban_tags;
    }
    if (req.url !~ "^/(img|cdn-cgi/image)/") {
        return (synth(404, "Not found"));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    unset req.http.Cookie;
    unset req.http.Authorization;
    call normalise_accept;
    return (hash);
}

# One of three answers for any Accept. What is refused with q=0 is not named.
sub normalise_accept {
    std.collect(req.http.Accept);
    if (req.http.Accept ~ "(?i)image/avif(?![^,;\s])(?![^,]*;\s*q=0(\.0*)?\s*(,|;|$))") {
        set req.http.Accept = "image/avif";
    } elsif (req.http.Accept ~ "(?i)image/webp(?![^,;\s])(?![^,]*;\s*q=0(\.0*)?\s*(,|;|$))") {
        set req.http.Accept = "image/webp";
    } else {
        set req.http.Accept = "image/jpeg";
    }
}

# BAN with Surrogate-Key: tags separated by spaces. Each is compared as a whole word, and of
# obj.* alone, so that the ban lurker does the work in the background.
sub ban_tags {
    if (req.http.Surrogate-Key !~ "^[!-~]+( [!-~]+)*$") {
        return (synth(400, "Surrogate-Key: tags separated by single spaces"));
    }
    set req.http.Tags = regsuball(req.http.Surrogate-Key, "[][\\^$.|?*+(){}]", "\\\0");
    set req.http.Tags = regsuball(req.http.Tags, " ", "|");
    if (!std.ban("obj.http.Surrogate-Key ~ (^|\s)(" + req.http.Tags + ")(\s|$)")) {
        return (synth(400, std.ban_error()));
    }
    return (synth(200, "Banned"));
}

# Images are the same under every name of this server, so a purge may come by any.
sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

sub vcl_hit {
    # Within stale-while-revalidate the copy is sent while Varnish asks for a new one behind it.
    # So it is when the gateway is away; an object is gone when its stale-if-error is over.
    if (req.restarts == 0 && obj.ttl < 0s && std.healthy(req.backend_hint)
        && obj.ttl + std.duration(regsub(obj.http.Cache-Control,
            "^.*stale-while-revalidate=(\d+).*$", "\1s"), 0s) < 0s) {
        return (restart);
    }
}

sub vcl_backend_response {
    if (beresp.status >= 500) {
        if (bereq.is_bgfetch || bereq.http.If-None-Match) {
            # There is an older copy: leave it where it is.
            return (abandon);
        }
        set beresp.ttl = 1s;
        set beresp.grace = 0s;
        set beresp.keep = 0s;
        return (deliver);
    }
    if (beresp.status >= 400 && beresp.ttl <= 0s) {
        # Varnish by itself keeps 404 and 410, and no other refusal.
        set beresp.ttl = std.duration(regsub(beresp.http.Cache-Control,
            "^.*max-age=(\d+).*$", "\1s"), 0s);
    }
    # The longer of the two; vcl_hit keeps to the shorter one. No grace where neither is told.
    set beresp.grace = std.duration(regsub(beresp.http.Cache-Control,
        "^.*stale-if-error=(\d+).*$", "\1s"), 0s);
    set beresp.http.Revalidate = regsub(beresp.http.Cache-Control,
        "^.*stale-while-revalidate=(\d+).*$", "\1s");
    if (std.duration(beresp.http.Revalidate, 0s) > beresp.grace) {
        set beresp.grace = std.duration(beresp.http.Revalidate, 0s);
    }
    unset beresp.http.Revalidate;
    set beresp.keep = 0s;
}

sub vcl_backend_error {
    if (bereq.is_bgfetch || bereq.http.If-None-Match) {
        return (abandon);
    }
}

sub vcl_synth {
    if (resp.status == 503 && req.restarts == 1) {
        return (restart);
    }
}

sub vcl_deliver {
    unset resp.http.Surrogate-Key;
    unset resp.http.Cache-Tag;
    if (obj.hits > 0) {
        set req.http.Front = "varnish; hit; ttl=" + regsub(obj.ttl, "\..*$", "");
    } else {
        set req.http.Front = "varnish; fwd=miss";
    }
    if (resp.http.Cache-Status) {
        set resp.http.Cache-Status = resp.http.Cache-Status + ", " + req.http.Front;
    } else {
        set resp.http.Cache-Status = req.http.Front;
    }
}
