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
        [-105.289719999999932,72.919991000000095],[108.543059999999969,9.943054000000018],[6.1319389343262,49.7586921]]]}}],"bbox":[5.98865807458,47.3024876979]}
        {"id":"chatcmpl-9vXk2","object":"chat.completion.chunk","created":1723554512,"model":"gpt-4o-2024-05-13","choices":[{"index":0,"delta":{"content":" The"},
        "logprobs":null,"finish_reason":null}],"usage":{"prompt_tokens":57,"completion_tokens":17,"total_tokens":74}}
        {"sha":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","node_id":"MDY6Q29tbWl0NmRjYjA5YjViNTc4NzVmMzM0ZjYxYWViZWQ2OTVlMmU0MTkzZGI1ZQ==","html_url":
        "https://github.com/octocat/Hello-World/commit/7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","author":{"login":"octocat","type":"User","site_admin":false},
        "permissions":{"admin":false,"push":true,"pull":true},"size":108,"open_issues_count":2,"token_type":"installation","access":"read","secret_scanning":"enabled"}
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
