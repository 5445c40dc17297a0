// logs.cpp PLACE - the logs that there are, in C++.
#include <dynlog.h>
#include <iostream>
#include <memory>

int main(int argc, char **argv)
{
    dynlog *opened = nullptr;
    struct dynlog_logs *listed = nullptr;
    dynlog_error error{};

    if (dynlog_open(argc > 1 ? argv[1] : "./data", nullptr, &opened, &error) != DYNLOG_OK) {
        std::cerr << error.message << "\n";
        return 1;
    }

    std::unique_ptr<dynlog, decltype(&dynlog_close)> place(opened, dynlog_close);

    if (dynlog_logs(place.get(), &listed, &error) != DYNLOG_OK) {
        std::cerr << error.message << "\n";
        return 1;
    }

    std::unique_ptr<struct dynlog_logs, decltype(&dynlog_logs_free)> logs(listed, dynlog_logs_free);

    for (size_t i = 0; i < logs->count; i++)
        std::cout << logs->list[i].name << " " << logs->list[i].event_count << "\n";
}
