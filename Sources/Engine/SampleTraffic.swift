// A sample of what vendors send, by which the planner estimates how often a gram will be met. It decides speed only, never what is found.

public enum SampleTraffic {
    public static let bytes = Array(text.utf8)

    private static let text = #"""
        {"object":"list","url":"/v1/customers","has_more":true,"data":[{"id":"cus_NffrFeUfNV2Hib","object":"customer","address":null,"balance":0,
        "created":1680893993,"currency":"usd","default_source":null,"delinquent":false,"description":"Signed up for the newsletter in April","discount":null,
        "email":"jenny.rosen@example.com","invoice_prefix":"0759376C","invoice_settings":{"custom_fields":null,"default_payment_method":null,"footer":null},
        "livemode":false,"metadata":{"order_id":"6735","plan":"Enterprise (annual)"},"name":"Jenny Rosen","next_invoice_sequence":1,"phone":"+1 212 555 0134",
        "preferred_locales":["en-GB","de"],"shipping":null,"tax_exempt":"none","test_clock":null,"tags":["account","success","company","expandable"]},
        {"id": 9182736455, "uuid": "6fa459ea-ee8a-3ca4-894e-db77e160355e", "status": "active", "updated_at": "2024-03-18T09:41:07.352Z", "score": 0.9731,
         "latitude": 48.137154, "longitude": -11.576124, "ip": "203.0.113.42", "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
         "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36", "amount": 1299.00},
        {"created_at":"Sun Aug 31 00:29:15 +0000 2014","id":505874924095815681,"id_str":"505874924095815681","text":"@aym0566x \n\n名前:前田あゆみ\n第一印象:なんか怖っ!",
        "source":"<a href=\"http://twitter.com/download/iphone\" rel=\"nofollow\">Twitter for iPhone</a>","truncated":false,"in_reply_to_status_id":null,
        "user":{"id":1186275104,"screen_name":"ayuu0123","location":"","description":"元野球部マネージャー","url":null,"followers_count":262,"friends_count":252,
        "profile_image_url":"http://pbs.twimg.com/profile_images/497760886795153410/LDjAwR_y_normal.jpeg","profile_background_color":"C0DEED"},
        "geo":null,"retweet_count":0,"favorite_count":0,"entities":{"hashtags":[],"symbols":[],"urls":[],"user_mentions":[{"screen_name":"aym0566x",
        "name":"前田あゆみ","id":866260188,"id_str":"866260188","indices":[0,9]}]},"lang":"ja"}]}
        {
            "areaNames": {
                "205705993": "Arrière-scène central",
                "205705994": "1er balcon central"
            },
            "events": {
                "138586341": {
                    "description": null,
                    "id": 138586341,
                    "logo": "/images/UE0AAAAACEKo6QAAAAZDSVRN",
                    "name": "30th Anniversary Tour",
                    "subTopicIds": [
                        337184269,
                        337184283
                    ],
                    "seatCategories": [{"areas": [{"areaId": 205705999, "blockIds": []}], "seatCategoryId": 338937295}],
                    "start": 1372701600000
                }
            }
        }
        {"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Canada"},"geometry":{"type":"Polygon","coordinates":
        [[[-65.613616999999977,43.420273000000009],[-65.619720000000029,43.418052999999986],[-65.625,43.421379000000059],[-65.636123999999882,43.449714999999969],
        [-64.017394999999942,43.881664000000115],[-63.999451000000022,43.857498000000064],[-63.986670999999944,43.835274000000084],[-60.005279999999971,49.05999799],
        [-105.289719999999932,72.919991000000095],[-104.986387000000036,73.067215000000147],[-95.163623809814453,75.593887329101563],[-94.892196655273438,75.63722229],[108.543059999999969,9.943054000000018],[6.1319389343262,49.7586921]]]}}],"bbox":[5.98865807458,47.3024876979]}
        {"id":"chatcmpl-9vXk2","object":"chat.completion.chunk","created":1723554512,"model":"gpt-4o-2024-05-13","choices":[{"index":0,"delta":{"content":" The"},
        "logprobs":null,"finish_reason":null}],"usage":{"prompt_tokens":57,"completion_tokens":17,"total_tokens":74}}
        {"sha":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","node_id":"MDY6Q29tbWl0NmRjYjA5YjViNTc4NzVmMzM0ZjYxYWViZWQ2OTVlMmU0MTkzZGI1ZQ==","html_url":
        "https://github.com/octocat/Hello-World/commit/7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","author":{"login":"octocat","type":"User","site_admin":false},
        "permissions":{"admin":false,"push":true,"pull":true},"size":108,"open_issues_count":2,"token_type":"installation","access":"read","secret_scanning":"enabled"}
        {"id":"evt_3QdJ8xKz","api_version":"2024-06-20","created":1721383245,"request":{"id":"req_Kx82LmPq","idempotency_key":"b3d0c6f4-52a7-4a53-9d59-1c7be6f0a1e2"},
        "pending_webhooks":1,"type":"invoice.paid","invoice":"in_1PeXbnLkdIwHu7ixG2","period_end":"2024-07-19T10:00:45.000Z","lines":{"total_count":1,"has_more":false}}
        {"orderId":"4503604922179","gid":"gid://shop/Order/4503604922179","createdAt":"2024-11-02T17:44:03-04:00","updatedAt":"2024-11-02T17:44:09-04:00","total":"149.90",
        "currency":"EUR","lineItems":[{"sku":"TSH-BLU-XL-0042","quantity":2,"price":"24.95","variantId":43729076453561,"grams":210},{"sku":"MUG-WHT-0007","quantity":1,
        "price":"99.99","variantId":43729076486329,"grams":540}],"checkoutToken":"bd5a8aa1ecd019dd3520ff791ee3a24c","cartId":"c1-7e6b0bbf2d1f4d94b53dbf6b6e1f6b5c"}
        {"eventVersion":"1.09","eventTime":"2024-09-14T22:07:31Z","eventSource":"storage.example.com","eventName":"GetObject","region":"eu-central-1","requestID":
        "7Q2VKX0RJ1TB8W5E","eventID":"0e1c7d0a-3d6b-4a5e-8a3e-6f0a2a2b7c11","readOnly":true,"vpcEndpointId":"vpce-0a1b2c3d4e5f67890","recipientAccountId":"210987654321",
        "resources":[{"arn":"arn:aws:s3:::reports-eu/2024/09/14/part-00017.parquet"}],"tlsVersion":"TLSv1.3","cipher":"TLS_AES_128_GCM_SHA256","bytesTransferredOut":48213}
        {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173","name":"POST /api/v1/payments","kind":2,"startTimeUnixNano":
        "1544712660000000000","endTimeUnixNano":"1544712661000000000","attributes":[{"key":"http.status_code","value":{"intValue":"201"}},{"key":"service.version",
        "value":{"stringValue":"4.17.2-rc.1+build.882"}},{"key":"k8s.pod.name","value":{"stringValue":"payments-6d4cf56db6-7xk2p"}},{"key":"host.id",
        "value":{"stringValue":"i-0c3f4a9b8d7e6f512"}}]}
        {"expand":"renderedFields,names","id":"10002","self":"https://tickets.example.net/rest/api/3/issue/10002","key":"PLAT-1482","fields":{"summary":"Retry uploads after
        a timeout","status":{"name":"In Progress","id":"3"},"priority":{"name":"High"},"created":"2024-04-11T09:25:14.318+0000","assignee":{"accountId":
        "5b10a2844c20165700ede21g","displayName":"Mia Krystof","active":true,"timeZone":"Australia/Sydney"},"labels":["backend","uploads","customer-reported"],
        "customfield_10020":[{"id":37,"name":"Sprint 21","state":"active","startDate":"2024-04-08T00:00:00.000Z","endDate":"2024-04-19T00:00:00.000Z"}]}}
        {"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","team_id":"T123ABC456","api_app_id":"A123ABC456","event":{"type":"message","channel":"C123ABC456","user":"U123ABC456",
        "text":"The deploy of 3f9c2e1 finished, see the dashboard for details","ts":"1355517523.000005","event_ts":"1355517523.000005"},"event_id":"Ev123ABC456"}
        {"id":"1b4e28ba-2fa1-41d2-883f-0016d3cca427","tenant":"f81d4fae-7dec-41d0-a765-00a0c91e6bf6","correlation_id":"9c5b94b1-35ad-49bb-b118-8e8fc24abf80","created":
        "2024-08-01T05:29:11.402Z","updated":"2024-08-02T23:57:40.118Z","status":"SUCCEEDED","attempts":[{"id":"c9a646d3-9c61-4cb7-bfcd-ee2522c8f633","at":
        "2024-08-01T05:29:12Z","ms":182},{"id":"3d813cbb-47fb-42ba-91df-831e1593ac29","at":"2024-08-02T23:57:39Z","ms":97}]}
        {"sid":"SM1f0e8ae6ade43cb3c0ce4525424e404f","date_created":"Fri, 24 May 2024 17:44:46 +0000","num_segments":"1","direction":"outbound-api","status":"queued",
        "price":null,"uri":"/2010-04-01/Accounts/Messages.json","etag":"W/\"0x8DC7C1A5E6B3F42\"","next":"eyJsYXN0SWQiOjQ3MjksInBhZ2UiOjJ9","checksum":"sha256:e3b0c44298fc1c149afbf4c8996fb924"}
        192.0.2.17 - - [10/Oct/2023:13:55:36 +0000] "GET /api/v2/orders?page=3&per_page=100 HTTP/1.1" 200 5316 "-" "curl/8.4.0"
        2024-01-15 08:12:33,417 INFO  [http-nio-8080-exec-7] c.e.billing.InvoiceService - invoice INV-20931 for account 48213 sent in 118 ms (retry=0)
        level=warn ts=2024-05-06T07:08:09.123Z caller=main.go:214 msg="connection reset" peer=10.4.17.233:51732 err="read: connection timed out" duration=1.504s
        Dear Mr. Holloway, thank you for your message of last Tuesday. We have looked into the matter and found that the parcel left our warehouse on the
        4th of May; the carrier confirmed delivery to your neighbour the following day. Please call us on weekdays between nine and five, or simply reply to this
        e-mail, should anything be missing. The password reset page is described in the user guide, section 4.2: "Accounts and access tokens". Kind regards.
        | Region | Q1 | Q2 | Q3 | Total |
        | EMEA | 12,345.67 | 13,001.20 | 11,874.95 | 37,221.82 |
        <p class="lead">Use the <code>Authorization</code> header for every request: see <a href="https://docs.example.com/auth?lang=en#basic">the docs</a>.</p>
        def total(items): return sum(item.price * item.quantity for item in items if not item.is_refunded)  # cents
        """#
}
