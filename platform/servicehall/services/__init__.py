"""The verbs, and the reading behind pages. Every module, by what it is about:

How work is done
    work remembering flow timers background parked scratch
    listing search words contexts visibility answers access
Requests
    requests submission beneficiaries priorities pricing watchers child_requests request_lists
    releases lookups files media_types cases
Before ordering
    catalog storefront departments pictures foreseeing who unpublished
Approvals
    approvals asking approver_view decisions inbox approval_links approval_timers approval_timeouts
    delegations handovers secret_links
Fulfilment
    fulfilment tasks task_texts added_tasks assignment queues guests automation planning replanning
Clocks
    sla clockwork clock_terms clock_history calendars day_names escalation recomputation recomputation_orders
Telling
    notifications recipients notices document_notices deliveries
People
    directory people people_lists person_attributes people_file directory_plan directory_import erasure
Documents
    shelf authored drafting versions definitions imports sharing field_sets guard_rails
    checking deciders amounts everybody company examples small_company past affected
    simulation simulation_sight supposing reviewing scheduling
The record
    replay rebuilding sealing audit audit_lists printing reporting
To begin with
    demo
"""
