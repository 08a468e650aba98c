export interface paths {
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check whether the service can reach its database
         * @description Answers within 3 seconds, even if the database hangs.
         */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check whether the process works
         * @description It says nothing of the database. A process that does not answer should be started anew.
         */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check whether to send requests to this process
         * @description Answers within 3 seconds, even if the database hangs. A process that stops is not ready from then on, and
         *     still answers requests for a while.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/coupons": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List coupons, without their holders
         * @description The coupons in the order of their names, byte by byte in UTF-8. A page looks at 5,000 coupons at
         *     most. With `state`, it may therefore have fewer items than `limit`, or none, although more
         *     follow: read on as long as there is a `next_cursor`. Without `state`, only the last page has
         *     fewer.
         */
        get: operations["listCoupons"];
        put?: never;
        /**
         * Create a coupon with a stock
         * @description `starts_at` and `ends_at` are optional. The coupon can be claimed from `starts_at` on, and before
         *     `ends_at`, by the clock of the database.
         */
        post: operations["createCoupon"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/coupons/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a coupon and its holders
         * @description The answer is one consistent snapshot: `remaining_amount` plus the number of holders equals
         *     `amount`, even while claims are running. A long answer is streamed. If the database fails in
         *     the middle of it, or the reader takes nothing for 5 seconds, the server cuts the connection.
         *     The JSON is then incomplete and does not parse.
         *
         *     With `claimed_by=false`, the answer has no holders, and costs the same for any number of them.
         */
        get: operations["getCoupon"];
        put?: never;
        post?: never;
        /**
         * Delete a coupon that was never claimed
         * @description A coupon that was claimed stays, also if its claims have been released. To close its sale, set
         *     `ends_at`.
         */
        delete: operations["deleteCoupon"];
        options?: never;
        head?: never;
        /**
         * Change the stock or the window of a coupon
         * @description Absent fields stay as they are. `null` takes a bound away. Claims may run meanwhile: none is lost,
         *     and none too many is made. To close a sale, set `ends_at` to a time in the past. If the connection
         *     broke during the change, send it again: the result is the same.
         */
        patch: operations["changeCoupon"];
        trace?: never;
    };
    "/api/coupons/claim": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Claim a coupon for a user
         * @description A claim that was answered 200 is committed and is never lost. A user who already holds the
         *     coupon gets 409, even after the coupon sold out or its sale ended.
         *
         *     The clock of the database decides whether the sale has started, and whether it has ended. A
         *     claim is on time if its statement starts on time.
         *
         *     **Retries.** A request with an `Idempotency-Key` may be sent again at any time, to any server.
         *     If the claim was made with the same key, user and coupon, the answer is 200 with
         *     `Idempotent-Replayed: true`, even after the coupon sold out. The key is stored with the claim and
         *     does not expire. With another
         *     key, or without one, a user who holds the coupon gets 409. If the claim has been released since,
         *     a retry with its key gets 409 `claim_released`, and does not claim again.
         */
        post: operations["claimCoupon"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Claim many coupons, for many users, in one request
         * @description For backends that claim for their users: up to 1,000 claims in one request cost less than a third of as
         *     many requests. Each claim has its own outcome, as if it had been sent alone; they are not one
         *     transaction. `outcomes` has them in the order of the claims. The request is answered when all of them
         *     are decided, and a claim whose outcome is `claimed` is committed.
         *
         *     **Order.** The claims of a request for one coupon are decided in their order. Claims in other requests
         *     have their turn meanwhile: the first 100 claims of a request are decided in the order of arrival, and
         *     the others take turns, 100 at a time, with claims that arrived after them.
         *
         *     **Retries.** Each claim may have an `idempotency_key`, with the meaning of the header `Idempotency-Key`
         *     of a single claim: a key counts for its user and coupon, in both operations. The header itself is
         *     refused here (400 `invalid_request`), because one key cannot name many claims.
         *     A claim that could not be decided says so by its code, and may be sent again, alone or with others. With
         *     `outcome_unknown` comes the `idempotency_key` to send it with, which the server made if the claim had none.
         *     An answer 503 says that no claim was decided and nothing was changed: send all of them again.
         *
         *     **Bounds.** An invalid claim refuses the whole request (400), and `error` names it: `invalid request:
         *     claims[3].user_id is required`. Then nothing was changed. A body has at most 1 MiB: 1,000 claims fit with the
         *     longest names and keys in ASCII. If longer ones are too large (413), send fewer claims. The
         *     request counts as one for the limits of a client. Of the claims that may wait in the server, each
         *     counts; those that find no room are `overloaded`. If the client disconnects, claims that have not
         *     started are not made.
         */
        post: operations["claimCoupons"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/coupons/{name}/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the claims for a coupon, in pages or as a stream
         * @description The claims in the order in which they were made. `Accept` chooses the form:
         *
         *     - `application/json`, also without `Accept` and if nothing else fits: a page. An `Accept` of more
         *       than 1,000 characters is ignored.
         *     - `application/x-ndjson`: all claims as a stream, one JSON object per line.
         *     - `text/csv`: all claims as a stream, in CSV (RFC 4180) with a header row.
         *
         *     A stream is one consistent snapshot. `limit` and `cursor` do not go with it (400
         *     `invalid_request`). If the database fails in the middle, or the reader takes nothing for 5
         *     seconds, the server cuts the connection: the chunked message is then incomplete, which HTTP
         *     clients report.
         *
         *     Spreadsheets run cells as formulas. In CSV, a value that begins with `=`, `+`, `-`, `@`, a tab or
         *     a carriage return therefore gets an apostrophe in front. JSON has the values unchanged.
         */
        get: operations["listClaims"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/coupons/{name}/claims/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Look up the claim of a user for a coupon
         * @description Returns when the user claimed the coupon, and the claim's place in the order. A client that lost
         *     the answer to a claim learns here whether the claim was made.
         */
        get: operations["getClaim"];
        put?: never;
        post?: never;
        /**
         * Release the claim of a user
         * @description Deletes the claim and puts its unit back into the stock, in one commit. The user may claim again,
         *     with a new `Idempotency-Key`. A late retry of the request that made the claim gets 409
         *     `claim_released`. If the connection broke during the release, send it again: 404 means that the
         *     claim is gone.
         */
        delete: operations["releaseClaim"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the claims of a user
         * @description The claims in the order of their coupons' names, byte by byte in UTF-8. A user without claims has
         *     an empty list. A page looks at 5,000 coupons at most, whether or not the user holds them. It may
         *     therefore have fewer items than `limit`, or none, although more follow: read on as long as there
         *     is a `next_cursor`. An id that breaks the rules answers 400 `invalid_request`.
         */
        get: operations["listUserClaims"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the log of all changes, in their order
         * @description A consumer that remembers `next_cursor` gets every committed change exactly once, and never one that
         *     was rolled back. The events of a coupon come in the order of its changes, and so in the order of its
         *     claims. Events stay, unless the operator deletes old ones. Changes that somebody made in the
         *     database by hand are not in the log.
         *
         *     **Pages.** `next_cursor` is always there, also if `items` is empty: it is the next `after`. Without
         *     `after` the page starts with the oldest event, and with `after=now` it starts where the log ends.
         *     With `wait`, a request that finds nothing new waits for events, and answers as soon as there are some.
         *
         *     **A stream.** With `Accept: text/event-stream` the answer is an endless stream of Server-Sent Events
         *     (`wait` and `limit` have no effect). A client that likes `application/json` as well or better gets a
         *     page. An `Accept` of more than 1,000 characters is ignored. `id` is the cursor behind the event,
         *     `event` its type, and `data` the event as JSON. `Last-Event-ID` resumes, and wins over `after`. A
         *     comment comes at least every 15 seconds. The server ends the stream when it stops, when the cursor
         *     expires, or when the client takes nothing for 10 seconds.
         *
         *     **Order.** An event appears once no transaction that began to write before it is open any more. A
         *     transaction that stays open while it writes to the log delays the events behind it, and loses none.
         */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Format: well-formed
         * @description 1 to 255 Unicode characters, not only white space. White space is what Unicode calls
         *     White_Space, and U+FEFF; the pattern lists it, because `\s` differs between languages. U+0000
         *     and lone surrogates are refused: PostgreSQL cannot store them.
         *
         *     The database itself refuses only names of ASCII white space. A name of other white space that
         *     was inserted there by hand is answered as unknown.
         * @example SUMMER
         */
        CouponName: string;
        /**
         * Format: well-formed
         * @description 1 to 255 Unicode characters, not only white space, by the rules of a coupon's name.
         * @example ada
         */
        UserId: string;
        NewCoupon: {
            name: components["schemas"]["CouponName"];
            /**
             * Format: int32
             * @description The stock. JSON has one type of number: `500`, `500.0` and `5e2` are the same integer, and
             *     are read as IEEE 754 doubles. `-0` is 0, which is below 1.
             * @example 500
             */
            amount: number;
            /** @description The coupon can be claimed from this time on. Absent if it has no start. */
            starts_at?: components["schemas"]["Time"];
            /** @description The coupon can be claimed before this time. Absent if it has no end. It is later than `starts_at`. */
            ends_at?: components["schemas"]["Time"];
        };
        CouponChange: {
            /**
             * Format: int32
             * @description The new total, claimed units included. It may not fall below what has been claimed.
             */
            amount?: number;
            /** @description The new start. `null` takes the start away. */
            starts_at?: components["schemas"]["NewBound"];
            /** @description The new end. `null` takes the end away. */
            ends_at?: components["schemas"]["NewBound"];
        };
        /**
         * Format: date-time
         * @description A date and time of RFC 3339, with `T`, and with `Z` or an offset, in the years 1000 to 2999. Digits
         *     after the milliseconds are ignored.
         * @example 2026-07-01T12:00:00Z
         */
        Time: string;
        /**
         * Format: date-time
         * @description A `Time`, or `null` for no bound. (Few generators of clients read an `anyOf` of both.)
         * @example 2026-07-01T12:00:00Z
         */
        NewBound: string | null;
        /**
         * @description `scheduled`: the sale has not started. `open`: the coupon can be claimed. `sold_out`: no unit is
         *     left. `ended`: the sale is over. Clients must expect other values: the list may grow.
         * @example open
         */
        CouponState: string;
        NewClaim: {
            user_id: components["schemas"]["UserId"];
            coupon_name: components["schemas"]["CouponName"];
        };
        NewClaims: {
            claims: components["schemas"]["KeyedClaim"][];
        };
        KeyedClaim: {
            user_id: components["schemas"]["UserId"];
            coupon_name: components["schemas"]["CouponName"];
            idempotency_key?: components["schemas"]["IdempotencyKey"];
        };
        /**
         * @description Names a claim, so that a retry can find what an earlier request made. Use a new UUID for each claim. 1
         *     to 255 visible ASCII characters.
         * @example 0b6e2a1e-5d0f-4b5c-9a43-6d1d2f7f6f0e
         */
        IdempotencyKey: string;
        ClaimOutcomes: {
            /** @description As many as the request has claims, and in their order. */
            outcomes: components["schemas"]["ClaimOutcome"][];
        };
        /** @description What became of a claim. */
        ClaimOutcome: {
            code: components["schemas"]["ClaimOutcomeCode"];
            /** @description The sentence that a single claim is refused with. Absent with `claimed` and `replayed`. */
            error?: string;
            /**
             * Format: int32
             * @description Present if the claim may be sent again: with `sale_not_started`, the seconds until the start, at most
             *     60; with a claim that was not decided, how long to wait.
             */
            retry_after_seconds?: number;
            /**
             * @description Present with `outcome_unknown`: the key to send the claim again with. If an earlier attempt made
             *     the claim, the outcome is `replayed` then.
             */
            idempotency_key?: components["schemas"]["IdempotencyKey"];
        };
        /**
         * @description - `claimed`: the user holds the coupon now.
         *     - `replayed`: the user holds it by an earlier request with the same key.
         *     - `already_claimed`, `claim_released`, `sale_not_started`, `sale_ended`, `out_of_stock`,
         *       `coupon_not_found`: the claim was refused, as the single claim with this code.
         *     - `overloaded`, `database_unavailable`: not decided. Nothing was changed, and it is safe to send the claim
         *       again.
         *     - `outcome_unknown`: not decided. The database failed during the claim, which may have been made. It is safe
         *       to send it again with its `idempotency_key`.
         *     - `internal_error`: not decided, by a defect of the server. The claim was not made.
         *
         *     Clients must expect other values: the list may grow. An outcome without `error` is a claim that the user
         *     holds.
         * @example claimed
         */
        ClaimOutcomeCode: string;
        Coupon: {
            name: components["schemas"]["CouponName"];
            /**
             * Format: int32
             * @description All units of the coupon, claimed or not.
             */
            amount: number;
            /**
             * Format: int32
             * @description The units that are left.
             */
            remaining_amount: number;
            state: components["schemas"]["CouponState"];
            /** @description The coupon can be claimed from this time on. Absent if it has no start. */
            starts_at?: components["schemas"]["Time"];
            /** @description The coupon can be claimed before this time. Absent if it has no end. It is later than `starts_at`. */
            ends_at?: components["schemas"]["Time"];
            /**
             * @description The holders, in the order of their claims: as many as units are claimed. Only `GET
             *     /api/coupons/{name}` has them.
             */
            claimed_by?: components["schemas"]["UserId"][];
        };
        CouponPage: {
            items: components["schemas"]["Coupon"][];
            next_cursor?: components["schemas"]["NextCursor"];
        };
        /** @description The `cursor` of the next page. Absent on the last page. */
        NextCursor: string;
        ListedClaim: {
            user_id: components["schemas"]["UserId"];
            coupon_name: components["schemas"]["CouponName"];
            /**
             * Format: date-time
             * @description When the claim was made.
             */
            claimed_at: string;
        };
        ClaimPage: {
            items: components["schemas"]["ListedClaim"][];
            next_cursor?: components["schemas"]["NextCursor"];
        };
        Claim: {
            user_id: components["schemas"]["UserId"];
            coupon_name: components["schemas"]["CouponName"];
            /**
             * Format: date-time
             * @description When the claim was made.
             */
            claimed_at: string;
            /**
             * Format: int32
             * @description The place in the order of the coupon's claims. The first claim has 1.
             */
            position: number;
        };
        /**
         * @description A place in the log. It is opaque; its form may change.
         * @example 1-9f86d0816a4c4d3e0b7a2c11-7-0
         */
        EventCursor: string;
        /**
         * @description A cursor, or `now` for the end of the log.
         * @example now
         */
        EventPlace: string;
        EventPage: {
            items: components["schemas"]["Event"][];
            next_cursor: components["schemas"]["EventCursor"];
        };
        /** @description A change, with the attributes of CloudEvents 1.0. */
        Event: {
            /** @constant */
            specversion: "1.0";
            /**
             * @description Differs from event to event, and stays the same for ever. It is also the cursor behind the event,
             *     unless the event has a `cursor`.
             * @example 1-9f86d0816a4c4d3e0b7a2c11-7-0
             */
            id: string;
            /** @description The cursor behind the event, if it is not the `id`. A service with shards has it. */
            cursor?: components["schemas"]["EventCursor"];
            /** @constant */
            source: "/api/coupons";
            /**
             * @description What happened. Clients must expect other values; the list may grow.
             * @example claim.made
             */
            type: string;
            /** @description The name of the coupon. */
            subject: string;
            /**
             * Format: date-time
             * @description When the statement that made the change began. Events come in the order of the changes, which
             *     may differ from the order of their times.
             */
            time: string;
            /** @constant */
            datacontenttype: "application/json";
            data: components["schemas"]["EventData"];
        };
        /** @description The values before a change. */
        CouponValues: {
            /** Format: int32 */
            amount: number;
            /** Format: date-time */
            starts_at?: string;
            /** Format: date-time */
            ends_at?: string;
        };
        /**
         * @description What changed. By the type of the event:
         *
         *     - `coupon.created`: `name`, `amount`, `starts_at` and `ends_at`. A bound that is absent does not exist.
         *     - `coupon.changed`: the same, and the values `before`.
         *     - `coupon.deleted`: `name`.
         *     - `claim.made` and `claim.released`: `coupon_name`, `user_id` and `claim_number`. Claims of a coupon
         *       have growing numbers. They may leave numbers out, and no two claims have the same.
         */
        EventData: {
            name?: string;
            /** Format: int32 */
            amount?: number;
            /** Format: date-time */
            starts_at?: string;
            /** Format: date-time */
            ends_at?: string;
            before?: components["schemas"]["CouponValues"];
            coupon_name?: string;
            user_id?: string;
            /** Format: int64 */
            claim_number?: number;
        };
        Healthy: {
            /** @constant */
            status: "healthy";
        };
        Unhealthy: {
            /** @constant */
            status: "unhealthy";
            /** @constant */
            error: "database connection failed";
            /**
             * @description Which of several databases do not answer.
             * @example no answer from database 1
             */
            detail?: string;
        };
        Live: {
            /** @constant */
            status: "live";
        };
        Ready: {
            /** @constant */
            status: "ready";
        };
        NotReady: {
            /** @constant */
            status: "not_ready";
            /** @description Why. Clients must expect other reasons. */
            error: string;
        };
        /**
         * @description What went wrong, for programs. Codes are stable. Clients must expect other values: the list may
         *     grow. `x-problem-codes` of a response lists the codes that it carries today.
         */
        ErrorCode: string;
        /** @description An error (RFC 9457). Every member is a string. */
        Problem: {
            /**
             * Format: uri
             * @description A URI that names the kind of problem and ends with `code`.
             */
            type: string;
            /** @description The kind of problem, in a few words. */
            title: string;
            code: components["schemas"]["ErrorCode"];
            /**
             * @description The sentence that clients match on, such as `coupon out of stock`. For an invalid field it
             *     starts with `invalid request: ` and names the field and the rule.
             */
            error: string;
            /** @description What happened, for people. */
            detail: string;
        };
    };
    responses: {
        /**
         * @description The request is invalid and changed nothing (`invalid_request`), or it is not HTTP
         *     (`malformed_http`).
         */
        InvalidRequest: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The request or its body is invalid and changed nothing (`invalid_request`, `invalid_body`), or it
         *     is not HTTP (`malformed_http`).
         */
        InvalidRequestOrBody: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The operation needs a key, and the request has none, or one that the server does not know
         *     (`unauthorized`).
         */
        Unauthorized: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /**
                 * @description How to send the key.
                 * @example Bearer
                 */
                "WWW-Authenticate": "Bearer";
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:unauthorized",
                 *       "title": "Unauthorized",
                 *       "code": "unauthorized",
                 *       "error": "missing or unknown API key",
                 *       "detail": "Send a key of this service as Authorization: Bearer <key>. Nothing was changed."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The server knows the key, but the key does not have the scope of the operation (`forbidden`). */
        Forbidden: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:forbidden",
                 *       "title": "Forbidden",
                 *       "code": "forbidden",
                 *       "error": "API key not allowed",
                 *       "detail": "This key does not have the scope of the operation. Nothing was changed."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No coupon has this name (`coupon_not_found`). */
        CouponNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:coupon_not_found",
                 *       "title": "Coupon not found",
                 *       "code": "coupon_not_found",
                 *       "error": "coupon not found",
                 *       "detail": "No coupon has this name."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The user does not hold the coupon, or the coupon does not exist (`claim_not_found`). An id or a name
         *     that breaks the rules is answered like an unknown one.
         */
        ClaimNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:claim_not_found",
                 *       "title": "Claim not found",
                 *       "code": "claim_not_found",
                 *       "error": "claim not found",
                 *       "detail": "This user does not hold this coupon."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request did not arrive within 30 seconds (`request_timeout`). The server closes the connection. */
        RequestTimeout: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:request_timeout",
                 *       "title": "Request timeout",
                 *       "code": "request_timeout",
                 *       "error": "request timeout",
                 *       "detail": "The request did not arrive in time. Nothing was changed."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The coupon is sold out (`out_of_stock`), its sale has not started (`sale_not_started`) or has
         *     ended (`sale_ended`), or the request is invalid (`invalid_request`, `invalid_body`,
         *     `malformed_http`). With `sale_not_started` comes `Retry-After`: the seconds until the start, at
         *     most 60.
         */
        ClaimRefused: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                /**
                 * @description Seconds to wait before a retry. Present with `sale_not_started`.
                 * @example 60
                 */
                "Retry-After"?: string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The user already holds the coupon (`already_claimed`), or the claim of an earlier request with
         *     the same key has been released (`claim_released`).
         */
        ClaimConflict: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A coupon with this name exists (`coupon_exists`). */
        CouponExists: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:coupon_exists",
                 *       "title": "Coupon exists",
                 *       "code": "coupon_exists",
                 *       "error": "coupon already exists",
                 *       "detail": "A coupon with this name exists. Nothing was changed."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description More units are claimed than the new amount (`stock_already_claimed`). */
        StockAlreadyClaimed: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:stock_already_claimed",
                 *       "title": "Stock already claimed",
                 *       "code": "stock_already_claimed",
                 *       "error": "coupon stock already claimed",
                 *       "detail": "More units of this coupon are claimed than the new amount. Nothing was changed."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The coupon has been claimed (`coupon_has_claims`). */
        CouponHasClaims: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:coupon_has_claims",
                 *       "title": "Coupon has claims",
                 *       "code": "coupon_has_claims",
                 *       "error": "coupon has claims",
                 *       "detail": "This coupon has been claimed, so it cannot be deleted. To close its sale, set ends_at."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The events behind the cursor have been deleted, or it is a cursor of another log: the database
         *     was restored (`cursor_expired`). Start again without `after`.
         */
        CursorExpired: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:cursor_expired",
                 *       "title": "Cursor expired",
                 *       "code": "cursor_expired",
                 *       "error": "cursor expired",
                 *       "detail": "The log has no place for this cursor any more. Start again without a cursor."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is larger than 1 MiB (`payload_too_large`). */
        PayloadTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:payload_too_large",
                 *       "title": "Payload too large",
                 *       "code": "payload_too_large",
                 *       "error": "request body too large",
                 *       "detail": "The body must be at most 1 MiB."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is not `application/json`, or has a `Content-Encoding` (`unsupported_media_type`). */
        UnsupportedMediaType: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:unsupported_media_type",
                 *       "title": "Unsupported media type",
                 *       "code": "unsupported_media_type",
                 *       "error": "unsupported media type",
                 *       "detail": "Send the body as Content-Type: application/json."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description This key, or this client address if the request has no known key, sent more requests than the
         *     operator allows in a second (`rate_limited`).
         */
        RateLimited: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:rate_limited",
                 *       "title": "Rate limited",
                 *       "code": "rate_limited",
                 *       "error": "too many requests",
                 *       "detail": "You sent more requests than the operator allows in a second. Nothing was changed. Retry later."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request line and headers have more than 16 KiB together (`headers_too_large`). The server closes the connection. */
        HeadersTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:headers_too_large",
                 *       "title": "Headers too large",
                 *       "code": "headers_too_large",
                 *       "error": "request headers too large",
                 *       "detail": "The request line and headers must be at most 16 KiB together."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A defect of the server (`internal_error`). */
        InternalError: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:internal_error",
                 *       "title": "Internal error",
                 *       "code": "internal_error",
                 *       "error": "internal server error",
                 *       "detail": "The server failed. Its log has the cause under this response's X-Request-Id."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request has a transfer coding other than `chunked` (`not_implemented`). */
        NotImplemented: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:not_implemented",
                 *       "title": "Not implemented",
                 *       "code": "not_implemented",
                 *       "error": "not implemented",
                 *       "detail": "The server implements no transfer coding but chunked."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The database does not answer (`database_unavailable`). If the connection broke while the
         *     database processed the request, the request may have been carried out. Send it again to find
         *     out. Or too many requests are waiting for the database, or too many clients follow the log
         *     (`overloaded`).
         */
        Unavailable: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The claim could not be decided. `overloaded`: too many claims are waiting, nothing was changed.
         *     The body may be unread, so an invalid claim can get this answer, too. `Retry-After` is 1 to 5:
         *     the more requests are refused, the longer.
         *     `database_unavailable`: the database does not answer, nothing was changed. `outcome_unknown`:
         *     the database failed during the claim and did not come back in time, so the claim may have been
         *     made. Retry with the same `Idempotency-Key`, or look the claim up.
         */
        ClaimUnavailable: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description No claim was decided, and nothing was changed. `overloaded`: too many claims are waiting. The body may be
         *     unread, so an invalid request can get this answer, too. `Retry-After` is 1 to 5: the more requests are
         *     refused, the longer. `database_unavailable`: the database does not answer.
         */
        ClaimsUnavailable: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:overloaded",
                 *       "title": "Overloaded",
                 *       "code": "overloaded",
                 *       "error": "server overloaded",
                 *       "detail": "Too many requests are waiting. Nothing was changed. Retry later."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Any other error. */
        Problem: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:problem-type:coupons:internal_error",
                 *       "title": "Internal error",
                 *       "code": "internal_error",
                 *       "error": "internal server error",
                 *       "detail": "The server failed. Its log has the cause under this response's X-Request-Id."
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description The most items that a page has.
         * @example 100
         */
        Limit: number;
        /**
         * @description The `next_cursor` of the page before, of the same list. Its content is of no meaning to clients.
         *     Any other text answers 400 `invalid_request`.
         * @example WzEsImNvdXBvbnMiLCJTVU1NRVIiXQ
         */
        Cursor: string;
        /**
         * @description The user's id, percent-encoded.
         * @example ada
         */
        UserId: components["schemas"]["UserId"];
        /**
         * @description The coupon's name, percent-encoded. A name that breaks the rules answers 404, like an unknown one.
         * @example SUMMER
         */
        CouponName: components["schemas"]["CouponName"];
    };
    requestBodies: never;
    headers: {
        /**
         * @description The id of this request in the server's log. A request may bring its own: 1 to 128 of the
         *     characters `A-Z a-z 0-9 . _ : / + = -`. Any other id is replaced.
         * @example 5cf0a1d2-1
         */
        "X-Request-Id": string;
        /**
         * @description Seconds to wait before a retry.
         * @example 1
         */
        "Retry-After": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The database answers. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "healthy"
                     *     }
                     */
                    "application/json": components["schemas"]["Healthy"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            408: components["responses"]["RequestTimeout"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            /** @description The database does not answer. */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "unhealthy",
                     *       "error": "database connection failed"
                     *     }
                     */
                    "application/json": components["schemas"]["Unhealthy"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process works. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "live"
                     *     }
                     */
                    "application/json": components["schemas"]["Live"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            408: components["responses"]["RequestTimeout"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            default: components["responses"]["Problem"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process serves. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready"
                     *     }
                     */
                    "application/json": components["schemas"]["Ready"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            408: components["responses"]["RequestTimeout"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            /** @description The database does not answer, or the process stops. */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotReady"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listCoupons: {
        parameters: {
            query?: {
                /**
                 * @description The most items that a page has.
                 * @example 100
                 */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the page before, of the same list. Its content is of no meaning to clients.
                 *     Any other text answers 400 `invalid_request`.
                 * @example WzEsImNvdXBvbnMiLCJTVU1NRVIiXQ
                 */
                cursor?: components["parameters"]["Cursor"];
                /**
                 * @description Lists only the coupons in this state, by the clock of the database.
                 * @example open
                 */
                state?: "scheduled" | "open" | "sold_out" | "ended";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of coupons. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "name": "AUTUMN",
                     *           "amount": 500,
                     *           "remaining_amount": 500,
                     *           "state": "open"
                     *         },
                     *         {
                     *           "name": "SUMMER",
                     *           "amount": 500,
                     *           "remaining_amount": 498,
                     *           "state": "open"
                     *         }
                     *       ],
                     *       "next_cursor": "WzEsImNvdXBvbnMiLCJTVU1NRVIiXQ"
                     *     }
                     */
                    "application/json": components["schemas"]["CouponPage"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    createCoupon: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCoupon"];
            };
        };
        responses: {
            /** @description The coupon was created. The body is empty. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /**
                     * @description The path of the new coupon.
                     * @example /api/coupons/SUMMER
                     */
                    Location: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequestOrBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["CouponExists"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getCoupon: {
        parameters: {
            query?: {
                /** @description `false` leaves the holders out. */
                claimed_by?: boolean;
            };
            header?: never;
            path: {
                /**
                 * @description The coupon's name, percent-encoded. A name that breaks the rules answers 404, like an unknown one.
                 * @example SUMMER
                 */
                name: components["parameters"]["CouponName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The coupon. `claimed_by` is absent with `claimed_by=false`, and otherwise present. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Coupon"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CouponNotFound"];
            408: components["responses"]["RequestTimeout"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    deleteCoupon: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The coupon's name, percent-encoded. A name that breaks the rules answers 404, like an unknown one.
                 * @example SUMMER
                 */
                name: components["parameters"]["CouponName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The coupon was deleted. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CouponNotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["CouponHasClaims"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    changeCoupon: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The coupon's name, percent-encoded. A name that breaks the rules answers 404, like an unknown one.
                 * @example SUMMER
                 */
                name: components["parameters"]["CouponName"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CouponChange"];
            };
        };
        responses: {
            /** @description The coupon after the change, without its holders. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "SUMMER",
                     *       "amount": 600,
                     *       "remaining_amount": 598,
                     *       "state": "open"
                     *     }
                     */
                    "application/json": components["schemas"]["Coupon"];
                };
            };
            400: components["responses"]["InvalidRequestOrBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CouponNotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["StockAlreadyClaimed"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    claimCoupon: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Names this request, so that a retry can find its own claim. Use a new UUID for each
                 *     claim. 1 to 255 visible ASCII characters.
                 * @example 0b6e2a1e-5d0f-4b5c-9a43-6d1d2f7f6f0e
                 */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "user_id": "ada",
                 *       "coupon_name": "SUMMER"
                 *     }
                 */
                "application/json": components["schemas"]["NewClaim"];
            };
        };
        responses: {
            /** @description The user holds the coupon now. The body is empty. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description Present if an earlier request with the same key made the claim. */
                    "Idempotent-Replayed"?: "true";
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["ClaimRefused"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CouponNotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["ClaimConflict"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["ClaimUnavailable"];
            default: components["responses"]["Problem"];
        };
    };
    claimCoupons: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "claims": [
                 *         {
                 *           "user_id": "ada",
                 *           "coupon_name": "SUMMER",
                 *           "idempotency_key": "0b6e2a1e-5d0f-4b5c-9a43-6d1d2f7f6f0e"
                 *         },
                 *         {
                 *           "user_id": "grace",
                 *           "coupon_name": "SUMMER"
                 *         },
                 *         {
                 *           "user_id": "ada",
                 *           "coupon_name": "SUMMER"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["NewClaims"];
            };
        };
        responses: {
            /** @description The outcome of each claim, in their order. At least one is decided, or unknown. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "outcomes": [
                     *         {
                     *           "code": "claimed"
                     *         },
                     *         {
                     *           "code": "claimed"
                     *         },
                     *         {
                     *           "code": "already_claimed",
                     *           "error": "coupon already claimed by user"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ClaimOutcomes"];
                };
            };
            400: components["responses"]["InvalidRequestOrBody"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["PayloadTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["ClaimsUnavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listClaims: {
        parameters: {
            query?: {
                /**
                 * @description The most items that a page has.
                 * @example 100
                 */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the page before, of the same list. Its content is of no meaning to clients.
                 *     Any other text answers 400 `invalid_request`.
                 * @example WzEsImNvdXBvbnMiLCJTVU1NRVIiXQ
                 */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The coupon's name, percent-encoded. A name that breaks the rules answers 404, like an unknown one.
                 * @example SUMMER
                 */
                name: components["parameters"]["CouponName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of claims, or all of them. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    /** @description The answer depends on `Accept`. */
                    Vary: "Accept";
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "user_id": "ada",
                     *           "coupon_name": "SUMMER",
                     *           "claimed_at": "2026-07-01T12:00:00.042Z"
                     *         },
                     *         {
                     *           "user_id": "grace",
                     *           "coupon_name": "SUMMER",
                     *           "claimed_at": "2026-07-01T12:00:00.042Z"
                     *         }
                     *       ],
                     *       "next_cursor": "WzEsImNsYWltcyBvZiBjb3Vwb24gU1VNTUVSIiwiMiJd"
                     *     }
                     */
                    "application/json": components["schemas"]["ClaimPage"];
                    /**
                     * @example {"user_id":"ada","coupon_name":"SUMMER","claimed_at":"2026-07-01T12:00:00.042Z"}
                     *     {"user_id":"grace","coupon_name":"SUMMER","claimed_at":"2026-07-01T12:00:00.042Z"}
                     */
                    "application/x-ndjson": string;
                    /**
                     * @example user_id,coupon_name,claimed_at
                     *     ada,SUMMER,2026-07-01T12:00:00.042Z
                     */
                    "text/csv": string;
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["CouponNotFound"];
            408: components["responses"]["RequestTimeout"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getClaim: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The coupon's name, percent-encoded. A name that breaks the rules answers 404, like an unknown one.
                 * @example SUMMER
                 */
                name: components["parameters"]["CouponName"];
                /**
                 * @description The user's id, percent-encoded.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The claim. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user_id": "ada",
                     *       "coupon_name": "SUMMER",
                     *       "claimed_at": "2026-07-01T12:00:00.042Z",
                     *       "position": 1
                     *     }
                     */
                    "application/json": components["schemas"]["Claim"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["ClaimNotFound"];
            408: components["responses"]["RequestTimeout"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    releaseClaim: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The coupon's name, percent-encoded. A name that breaks the rules answers 404, like an unknown one.
                 * @example SUMMER
                 */
                name: components["parameters"]["CouponName"];
                /**
                 * @description The user's id, percent-encoded.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The claim was released. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["ClaimNotFound"];
            408: components["responses"]["RequestTimeout"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listUserClaims: {
        parameters: {
            query?: {
                /**
                 * @description The most items that a page has.
                 * @example 100
                 */
                limit?: components["parameters"]["Limit"];
                /**
                 * @description The `next_cursor` of the page before, of the same list. Its content is of no meaning to clients.
                 *     Any other text answers 400 `invalid_request`.
                 * @example WzEsImNvdXBvbnMiLCJTVU1NRVIiXQ
                 */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The user's id, percent-encoded.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of claims. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "user_id": "ada",
                     *           "coupon_name": "AUTUMN",
                     *           "claimed_at": "2026-10-01T12:00:00.007Z"
                     *         },
                     *         {
                     *           "user_id": "ada",
                     *           "coupon_name": "SUMMER",
                     *           "claimed_at": "2026-07-01T12:00:00.042Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ClaimPage"];
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /**
                 * @description The `next_cursor` of the page before, or the `cursor` of an event: its `id`, if it has no `cursor`.
                 *     Absent for the beginning, and `now` for the end: only events that the log does not have yet. The
                 *     end is known once transactions that write to the log have ended. If that takes more than 5
                 *     seconds, the answer is 503 `overloaded`.
                 */
                after?: components["schemas"]["EventPlace"];
                /** @description The events of a page, at most. */
                limit?: number;
                /** @description The seconds to wait for an event, at most. */
                wait?: number;
            };
            header?: {
                /** @description The `id` of the last event that a stream delivered. Browsers send it by themselves. */
                "Last-Event-ID"?: components["schemas"]["EventCursor"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events, or a stream of them. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "specversion": "1.0",
                     *           "id": "1-9f86d0816a4c4d3e0b7a2c11-7-0",
                     *           "source": "/api/coupons",
                     *           "type": "claim.made",
                     *           "subject": "SUMMER",
                     *           "time": "2026-07-01T12:00:00.042Z",
                     *           "datacontenttype": "application/json",
                     *           "data": {
                     *             "coupon_name": "SUMMER",
                     *             "user_id": "ada",
                     *             "claim_number": 1
                     *           }
                     *         }
                     *       ],
                     *       "next_cursor": "1-9f86d0816a4c4d3e0b7a2c11-7-0"
                     *     }
                     */
                    "application/json": components["schemas"]["EventPage"];
                    /**
                     * @example id: 1-9f86d0816a4c4d3e0b7a2c11-7-0
                     *     event: claim.made
                     *     data: {"specversion":"1.0","id":"1-9f86d0816a4c4d3e0b7a2c11-7-0","source":"/api/coupons","type":"claim.made","subject":"SUMMER","time":"2026-07-01T12:00:00.042Z","datacontenttype":"application/json","data":{"coupon_name":"SUMMER","user_id":"ada","claim_number":1}}
                     */
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["InvalidRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            410: components["responses"]["CursorExpired"];
            429: components["responses"]["RateLimited"];
            431: components["responses"]["HeadersTooLarge"];
            500: components["responses"]["InternalError"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
}

/** The values that are known of each list that may grow, by its schema. */
export interface extensibleEnums {
    "CouponState": "scheduled" | "open" | "sold_out" | "ended";
    "ClaimOutcomeCode": "claimed" | "replayed" | "already_claimed" | "claim_released" | "sale_not_started" | "sale_ended" | "out_of_stock" | "coupon_not_found" | "overloaded" | "database_unavailable" | "outcome_unknown" | "internal_error";
    "Event.type": "coupon.created" | "coupon.changed" | "coupon.deleted" | "claim.made" | "claim.released";
    "NotReady.error": "database connection failed" | "the service is stopping";
    "ErrorCode": "invalid_request" | "invalid_body" | "malformed_http" | "out_of_stock" | "sale_not_started" | "sale_ended" | "unauthorized" | "forbidden" | "coupon_not_found" | "path_not_found" | "method_not_allowed" | "request_timeout" | "already_claimed" | "claim_released" | "coupon_exists" | "stock_already_claimed" | "coupon_has_claims" | "payload_too_large" | "unsupported_media_type" | "rate_limited" | "headers_too_large" | "not_implemented" | "internal_error" | "claim_not_found" | "cursor_expired" | "overloaded" | "outcome_unknown" | "database_unavailable";
}

/** The codes that a problem may carry, by operation and status. */
export interface problemCodes {
    getHealth: {
        400: "invalid_request" | "malformed_http";
        408: "request_timeout";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
    };
    getLiveness: {
        400: "invalid_request" | "malformed_http";
        408: "request_timeout";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
    };
    getReadiness: {
        400: "invalid_request" | "malformed_http";
        408: "request_timeout";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
    };
    listCoupons: {
        400: "invalid_request" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        408: "request_timeout";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    createCoupon: {
        400: "invalid_request" | "invalid_body" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        408: "request_timeout";
        409: "coupon_exists";
        413: "payload_too_large";
        415: "unsupported_media_type";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    getCoupon: {
        400: "invalid_request" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        404: "coupon_not_found";
        408: "request_timeout";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    deleteCoupon: {
        400: "invalid_request" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        404: "coupon_not_found";
        408: "request_timeout";
        409: "coupon_has_claims";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    changeCoupon: {
        400: "invalid_request" | "invalid_body" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        404: "coupon_not_found";
        408: "request_timeout";
        409: "stock_already_claimed";
        413: "payload_too_large";
        415: "unsupported_media_type";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    claimCoupon: {
        400: "out_of_stock" | "sale_not_started" | "sale_ended" | "invalid_request" | "invalid_body" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        404: "coupon_not_found";
        408: "request_timeout";
        409: "already_claimed" | "claim_released";
        413: "payload_too_large";
        415: "unsupported_media_type";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "outcome_unknown" | "overloaded";
    };
    claimCoupons: {
        400: "invalid_request" | "invalid_body" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        408: "request_timeout";
        413: "payload_too_large";
        415: "unsupported_media_type";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    listClaims: {
        400: "invalid_request" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        404: "coupon_not_found";
        408: "request_timeout";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    getClaim: {
        400: "invalid_request" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        404: "claim_not_found";
        408: "request_timeout";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    releaseClaim: {
        400: "invalid_request" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        404: "claim_not_found";
        408: "request_timeout";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    listUserClaims: {
        400: "invalid_request" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        408: "request_timeout";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
    listEvents: {
        400: "invalid_request" | "malformed_http";
        401: "unauthorized";
        403: "forbidden";
        408: "request_timeout";
        410: "cursor_expired";
        429: "rate_limited";
        431: "headers_too_large";
        500: "internal_error";
        501: "not_implemented";
        503: "database_unavailable" | "overloaded";
    };
}
