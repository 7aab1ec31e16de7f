"""The results of each node of a run, as a table for a log and as values for the records."""


def nodes_of(result):
    """`name`, `type`, `status` and `seconds` of each node, and the `message` of one that failed."""
    executed = getattr(result.result, "results", None) or []
    return [node_of(each) for each in executed]


def node_of(result):
    status = str(result.status)
    node = {
        "name": result.node.name,
        "type": str(getattr(result.node, "resource_type", "source")),
        "status": status,
        "seconds": round(result.execution_time, 3),
    }
    if status not in ("success", "pass", "no-op") and result.message:
        node["message"] = result.message.strip()
    return node


def failures(results):
    """Why a run failed, in one line."""
    words = [
        f"{node['name']} {node['status']}"
        for result in results
        for node in nodes_of(result)
        if node["status"] in ("error", "fail", "runtime error")
    ]
    words += [str(result.exception) for result in results if result.exception]
    return "; ".join(words) or "dbt gave no reason"


def table(nodes):
    # Hooks, such as the fence, are of interest only when they fail.
    nodes = [node for node in nodes if (node["type"], node["status"]) != ("operation", "success")]
    width = max((len(node["name"]) for node in nodes), default=0)
    lines = [
        f"{node['status']:<8} {node['seconds']:7.2f} s  {node['name']:<{width}}  {node['type']}"
        + (f"\n{' ' * 21}{node['message']}" if "message" in node else "")
        for node in nodes
    ]
    return "\n".join(lines)
