import Corpus
import Foundation
import Operations
import Testing

/// The endpoints that are shipped, and the loader of their files.
@Suite struct HTTPEndpointTests {
    static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "corpus").path
    static let entries = Result { () throws(CorpusError) in try HTTPEndpoints.read(directory: corpus) }

    @Test("Every endpoint names its page, an operation of the catalogue, and a path that its own template matches")
    func shipped() throws {
        let entries = try Self.entries.get()
        #expect(entries.count > 1000)
        var known: Set<String> = []
        for file in ["http", "nosql", "sql"] {
            let text = try String(contentsOfFile: Self.corpus + "/operations/\(file).yaml", encoding: .utf8)
            known.formUnion(text.matches(of: /name: ([a-z.-]+),/).map { String($0.1) })
        }
        let reader = HTTPReader(endpoints: entries.map(\.endpoint))
        for entry in entries {
            #expect(entry.reference.hasPrefix("https://"), "\(entry.location)")
            #expect(known.contains(entry.endpoint.operation), "\(entry.location): \(entry.endpoint.operation)")
            guard entry.endpoint.conditions.isEmpty else { continue }
            let path = entry.endpoint.template.example
            let host = entry.endpoint.vendor.hosts.first.map { $0.replacing("*", with: "x") }
            let request = HTTPReader.Request(method: entry.endpoint.method == "ANY" ? "POST" : entry.endpoint.method, target: path, host: host)
            let found = reader.read(request).operations.map(\.name)
            #expect(!found.isEmpty && found != ["http.delete"] && found != ["http.delete-collection"], "\(entry.location): \(path) is read as \(found)")
        }
    }

    @Test("Every operation that the readers know is in the catalogue")
    func catalogue() throws {
        let text = try String(contentsOfFile: Self.corpus + "/operations/http.yaml", encoding: .utf8)
        for name in ["http.delete", "http.delete-collection", "http.graphql-delete", "http.graphql-disable", "http.graphql-mutation", "http.rpc-delete", "http.tool-delete", "http.tool-disable"] {
            #expect(text.contains("{name: \(name),"), "\(name)")
        }
    }

    /// Requests of the vendors' documentation, and what they are.
    static let requests: [(method: String, target: String, expected: String?)] = [
        ("DELETE", "https://api.github.com/repos/octocat/hello", "http.delete-repository"), ("PATCH", "https://api.github.com/repos/o/h", nil), ("GET", "https://api.github.com/repos/o/h", nil),
        ("DELETE", "https://gitlab.example.com/api/v4/projects/42", "http.delete-repository"), ("DELETE", "https://git.example/sub/api/v4/groups/a%2Fb", "http.delete-account"),
        ("DELETE", "https://10.0.0.1:6443/api/v1/namespaces/prod", "http.delete-namespace"), ("DELETE", "https://k8s/api/v1/namespaces/a/pods", "http.delete-many"),
        ("DELETE", "https://k8s/apis/apps/v1/namespaces/a/deployments/web", "http.delete-workload"), ("DELETE", "https://k8s/api/v1/nodes/n1", "http.delete-server"),
        ("POST", "https://k8s/api/v1/namespaces/a/pods/p/exec?command=sh", "http.run-code"), ("GET", "https://k8s/api/v1/namespaces/a/pods", nil),
        ("GET", "https://ec2.amazonaws.com/?Action=TerminateInstances&InstanceId.1=i", "http.delete-server"), ("GET", "https://ec2.amazonaws.com/?Action=DescribeInstances", nil),
        ("DELETE", "https://bucket.s3.amazonaws.com/key/a", "http.delete-object"), ("DELETE", "https://s3.amazonaws.com/bucket", "http.delete-storage"), ("POST", "https://bucket.s3.amazonaws.com/?delete", "http.delete-many"),
        ("DELETE", "https://compute.googleapis.com/compute/v1/projects/p/zones/z/instances/i", "http.delete-server"), ("POST", "https://secretmanager.googleapis.com/v1/projects/p/secrets/s/versions/1:destroy", "http.delete-secret"),
        ("DELETE", "https://management.azure.com/subscriptions/s/resourceGroups/g?api-version=2021", "http.delete-namespace"), ("POST", "https://management.azure.com/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/v/deallocate", "http.stop-service"),
        ("DELETE", "https://graph.microsoft.com/v1.0/users/u", "http.delete-user"), ("POST", "https://graph.microsoft.com/v1.0/me/sendMail", "http.send-message"),
        ("DELETE", "https://api.stripe.com/v1/customers/cus_1", "http.delete-user"), ("POST", "https://api.stripe.com/v1/refunds", "http.move-money"), ("POST", "https://api.stripe.com/v1/customers", nil),
        ("POST", "https://slack.com/api/chat.delete", "http.delete-record"), ("POST", "https://slack.com/api/conversations.archive", "http.archive"), ("GET", "https://slack.com/api/conversations.list", nil),
        ("DELETE", "https://api.cloudflare.com/client/v4/zones/z", "http.delete-zone"), ("DELETE", "https://api.cloudflare.com/client/v4/zones/z/dns_records/r", "http.change-dns"), ("GET", "https://api.cloudflare.com/client/v4/zones", nil),
        ("DELETE", "https://api.digitalocean.com/v2/droplets/5", "http.delete-server"), ("DELETE", "https://api.heroku.com/apps/a", "http.delete-server"), ("DELETE", "https://api.vercel.com/v9/projects/p", "http.delete-repository"),
        ("DELETE", "https://api.sendgrid.com/v3/teammates/u", "http.delete-user"), ("POST", "https://api.sendgrid.com/v3/mail/send", "http.send-message"), ("DELETE", "https://api.mailgun.net/v3/e.com/bounces/a@b.c", "http.delete-record"),
        ("DELETE", "https://api.postmarkapp.com/servers/1", "http.delete-server"), ("DELETE", "https://shop.myshopify.com/admin/api/2024-10/products/1.json", "http.delete-record"),
        ("DELETE", "https://api.datadoghq.com/api/v1/monitor/1", "http.silence-monitoring"), ("DELETE", "https://api.pagerduty.com/services/P1", "http.silence-monitoring"), ("DELETE", "https://x.okta.com/api/v1/users/u", "http.delete-user"),
        ("DELETE", "https://x.auth0.com/api/v2/clients/c", "http.delete-configuration"), ("DELETE", "https://x.atlassian.net/rest/api/3/project/P", "http.delete-repository"), ("DELETE", "https://x.atlassian.net/rest/api/3/issue/P-1", "http.delete-record"),
        ("DELETE", "https://api.notion.com/v1/blocks/b", "http.delete-record"), ("DELETE", "https://x.my.salesforce.com/services/data/v60.0/sobjects/Account/1", "http.delete-record"), ("DELETE", "https://api.hubapi.com/crm/v3/objects/contacts/1", "http.delete-record"),
        ("DELETE", "http://localhost:9200/logs-1,logs-2", "nosql.drop-collection"), ("POST", "http://es/logs/_delete_by_query", "nosql.delete-all"), ("DELETE", "http://localhost:7700/indexes/products", "nosql.drop-collection"),
        ("DELETE", "https://APPID-dsn.algolia.net/1/indexes/products", "nosql.drop-collection"), ("DELETE", "localhost:8001/services/s", "http.delete-configuration"), ("DELETE", "http://registry:5000/v2/app/manifests/sha256:1", "http.delete-image"),
        ("DELETE", "https://vault:8200/v1/secret/metadata/app", "http.delete-secret"), ("PUT", "https://vault:8200/v1/sys/seal", "http.stop-service"), ("DELETE", "http://consul:8500/v1/kv/app?recurse=true", "http.delete-many"),
        ("POST", "http://jenkins/job/deploy/doDelete", "http.delete-repository"), ("POST", "http://jenkins/scriptText", "http.run-code"), ("GET", "https://jenkins/api/json", nil),
        ("POST", "http://prom:9090/api/v1/admin/tsdb/delete_series?match[]=up", "http.delete-many"), ("DELETE", "http://grafana/api/dashboards/uid/u", "http.silence-monitoring"), ("DELETE", "https://sentry.io/api/0/projects/o/p/", "http.delete-repository"),
        ("DELETE", "https://h.documents.azure.com/dbs/d", "http.delete-database"), ("DELETE", "https://acc.blob.core.windows.net/c/a/b", "http.delete-object"), ("DELETE", "https://www.googleapis.com/drive/v3/files/f", "http.delete-record"),
        ("POST", "https://gmail.googleapis.com/gmail/v1/users/me/messages/batchDelete", "http.delete-many"), ("POST", "https://gmail.googleapis.com/gmail/v1/users/me/messages/m/trash", "http.delete-record"),
    ]

    @Test("Requests of vendors' documentation are what it says they are")
    func vendors() throws {
        let reader = HTTPReader(endpoints: try Self.entries.get().map(\.endpoint))
        for (method, target, expected) in Self.requests {
            #expect(reader.read(method: method, target: target).operations.first?.name == expected, "\(method) \(target)")
        }
    }

    @Test("What is wrong in a file is said with its place and what to write")
    func problems() throws {
        func complaint(_ text: String) throws -> String {
            let folder = FileManager.default.temporaryDirectory.appending(path: "endpoints-\(UUID().uuidString)")
            let file = folder.appending(path: "operations/http/a.yaml")
            defer { try? FileManager.default.removeItem(at: folder) }
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            do {
                return "\(try HTTPEndpoints.read(directory: folder.path).count) endpoints"
            } catch {
                return error.description.replacing(folder.path + "/operations/http/", with: "")
            }
        }
        let head = "vendor: v\nreference: 'https://v.example/'\nrequests:\n  - operation: http.delete\n    "
        #expect(try complaint(head + "when: ['DELETE /a/{b}', 'ANY /c']\n") == "2 endpoints")
        #expect(try complaint(head + "whem: ['DELETE /a']\n").hasPrefix("a.yaml:5:5: unknown key \"whem\" in a request\n  hint: did you mean \"when\"?"))
        #expect(try complaint(head + "when: ['DELTE /a']\n").hasPrefix("a.yaml:5:12: \"DELTE /a\" is no method and path\n  hint: "))
        #expect(try complaint(head + "when: ['DELETE a']\n") == "a.yaml:5:12: \"a\": a path begins with /")
        #expect(try complaint(head + "object: '{x}'\n    when: ['DELETE /a/{b}']\n").hasPrefix("a.yaml:6:12: object names {x}, which does not stand in the path\n  hint: the path has {b}"))
        #expect(try complaint("vendor: v\nrequests:\n  - operation: http.delete\n    when: ['DELETE /a']\n").hasPrefix("a.yaml:3:5: the request has no reference\n  hint: "))
        #expect(try complaint("vendor: v\nrequest: []\n").contains("unknown key \"request\" in an endpoint file\n  hint: did you mean \"requests\"?"))
        #expect(try complaint("vendor: v\nreference: page\nrequests: []\n").hasPrefix("a.yaml:2:12: a reference is a page, not \"page\""))
        #expect(try complaint("vendor: v\nports: [99999]\nrequests: []\n").hasPrefix("a.yaml:2:9: a port must be 1 to 65535, not 99999"))
    }
}
